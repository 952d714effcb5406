"""What files and folders of a dbt project are called. Imports nothing, as whoever only looks at them needs no more."""

PROJECT_FILE = "dbt_project.yml"
PROFILES_FILE = "profiles.yml"
MODELS_FOLDER = "models"
BESIDE_FLOE_YAML = ("analyses", "macros", "seeds", "snapshots", "tests")
"""Folders beside floe.yaml that a supplied project takes in. Macros serve every bare folder, the rest the first."""
PACKAGES_FOLDER = "dbt_packages"
TARGET_FOLDER = "target"
