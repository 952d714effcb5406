"""Builds the server of Polaris once: its published jars, the classes of its interface, and Quarkus around them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from services.cache import built_once, cache_folder, download
from services.java import java_home, maven
from services.polaris.interface import write_interface

HERE = Path(__file__).resolve().parent
LEAST_JAVA = 21
_REGISTRY = "https://repo.maven.apache.org/maven2"
_GROUP = "org/apache/polaris"
_POM = (
    "<project><modelVersion>4.0.0</modelVersion><groupId>org.apache.polaris</groupId>"
    "<artifactId>{}</artifactId><version>{}</version></project>\n"
)


def built() -> Path:
    """The folder with `quarkus-run.jar`; the first call fetches about 300 MB and takes some minutes."""
    sources = [path for path in (HERE / "application").rglob("*") if path.is_file()]
    sources += [HERE / name for name in ("build.py", "class_files.py", "interface.py")]
    return built_once("polaris", sources, _build)


def _build(target: Path) -> None:
    project = target / "project"
    shutil.copytree(HERE / "application", project)
    match = re.search(r"<polaris.version>(.+)</polaris.version>", (project / "pom.xml").read_text())
    assert match
    repository = cache_folder() / "maven"
    jars = [_published(repository, name, match[1]) for name in ("polaris-core", "polaris-runtime-service")]
    write_interface(jars, project / "src/main/java")
    command = [maven(), "--batch-mode", "--quiet", f"-Dmaven.repo.local={repository}", "package"]
    environment = {**os.environ, "JAVA_HOME": str(java_home(LEAST_JAVA))}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"Polaris could not be built:\n{done.stdout[-6000:]}\n{done.stderr[-2000:]}")
    for part in (project / "target/quarkus-app").iterdir():
        part.rename(target / part.name)
    shutil.rmtree(project)


def _published(repository: Path, name: str, version: str) -> Path:
    """A jar of Polaris in Maven's local repository, with a description of our own: its parent is not published."""
    folder = repository / _GROUP / name / version
    jar = folder / f"{name}-{version}.jar"
    if not jar.exists():
        download(f"{_REGISTRY}/{_GROUP}/{name}/{version}/{jar.name}", jar)
    (folder / f"{name}-{version}.pom").write_text(_POM.format(name, version))
    return jar
