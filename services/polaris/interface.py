"""Writes the Java classes of Polaris' REST interface, which its own build generates and which are not published.

Polaris generates its request and response models and its endpoints from its REST description. The published service
refers to them, so its class files say which members they have; which path belongs to which operation is in the tables
below. Everything that answers a request is Polaris' own code.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from services.polaris.class_files import classes_of

if TYPE_CHECKING:
    from pathlib import Path

    from services.polaris.class_files import ClassFile, Member

MODEL, TYPES = "org/apache/polaris/core/admin/model/", "org/apache/polaris/service/types/"
ADMIN, CATALOG = "org/apache/polaris/service/admin/api/", "org/apache/polaris/service/catalog/api/"
_PRIVILEGES = "org/apache/polaris/core/entity/PolarisPrivilege"

_PARENTS = {
    "Catalog": ("type", {"PolarisCatalog": "INTERNAL", "ExternalCatalog": "EXTERNAL"}),
    "StorageConfigInfo": (
        "storageType",
        {
            "AwsStorageConfigInfo": "S3",
            "AzureStorageConfigInfo": "AZURE",
            "GcpStorageConfigInfo": "GCS",
            "FileStorageConfigInfo": "FILE",
        },
    ),
    "ConnectionConfigInfo": (
        "connectionType",
        {
            "IcebergRestConnectionConfigInfo": "ICEBERG_REST",
            "HadoopConnectionConfigInfo": "HADOOP",
            "HiveConnectionConfigInfo": "HIVE",
        },
    ),
    "AuthenticationParameters": (
        "authenticationType",
        {
            "OAuthClientCredentialsParameters": "OAUTH",
            "BearerAuthenticationParameters": "BEARER",
            "ImplicitAuthenticationParameters": "IMPLICIT",
            "SigV4AuthenticationParameters": "SIGV4",
        },
    ),
    "ServiceIdentityInfo": ("identityType", {"AwsIamServiceIdentityInfo": "AWS_IAM"}),
    "GrantResource": (
        "type",
        {
            "CatalogGrant": "catalog",
            "NamespaceGrant": "namespace",
            "TableGrant": "table",
            "ViewGrant": "view",
            "PolicyGrant": "policy",
        },
    ),
}
"""Model -> the property that tells its kinds apart, and the value of each kind."""
_STAMPS = ("createTimestamp", "lastUpdateTimestamp", "entityVersion")
_CONSTRUCTED = {
    "CatalogGrant": ("privilege", "type"),
    "CatalogRole": ("name", "properties", *_STAMPS),
    "CatalogRoles": ("roles",),
    "Catalogs": ("catalogs",),
    "GrantResources": ("grants",),
    "NamespaceGrant": ("namespace", "privilege", "type"),
    "PolicyGrant": ("namespace", "policyName", "privilege", "type"),
    "Principal": ("name", "clientId", "properties", *_STAMPS),
    "PrincipalRole": ("name", "federated", "properties", *_STAMPS),
    "PrincipalRoles": ("roles",),
    "PrincipalWithCredentials": ("principal", "credentials"),
    "PrincipalWithCredentialsCredentials": ("clientId", "clientSecret"),
    "Principals": ("principals",),
    "ResetPrincipalRequest": ("clientId", "clientSecret"),
    "TableGrant": ("namespace", "tableName", "privilege", "type"),
    "ViewGrant": ("namespace", "viewName", "privilege", "type"),
}
"""Model -> the properties in the order of its constructor."""
_LOWER_CASE = ("GrantResource$TypeEnum",)
_OWN = ("CatalogProperties", "CommitTableRequest", "CommitViewRequest", "TokenType", "PolicyIdentifier")
"""Classes that are written by hand, in `application/src/main/java`."""

_CATALOG, _ROLE = "/catalogs/{catalogName}", "/catalogs/{catalogName}/catalog-roles/{catalogRoleName}"
_PRINCIPAL, _PRINCIPAL_ROLE = "/principals/{principalName}", "/principal-roles/{principalRoleName}"
_NAMESPACE = "/v1/{prefix}/namespaces/{namespace}"
_TABLE, _VIEW = _NAMESPACE + "/tables/{table}", _NAMESPACE + "/views/{view}"
_DELEGATION, _KNOWN = "header:X-Iceberg-Access-Delegation", "header:If-None-Match"
_PAGE = ("query:pageToken", "query:pageSize")
_ROUTES: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    ADMIN + "PolarisCatalogsApiService": (
        "/api/management/v1",
        {
            "listCatalogs": ("GET", "/catalogs"),
            "createCatalog": ("POST", "/catalogs"),
            "getCatalog": ("GET", _CATALOG),
            "updateCatalog": ("PUT", _CATALOG),
            "deleteCatalog": ("DELETE", _CATALOG),
            "listCatalogRoles": ("GET", _CATALOG + "/catalog-roles"),
            "createCatalogRole": ("POST", _CATALOG + "/catalog-roles"),
            "getCatalogRole": ("GET", _ROLE),
            "updateCatalogRole": ("PUT", _ROLE),
            "deleteCatalogRole": ("DELETE", _ROLE),
            "listAssigneePrincipalRolesForCatalogRole": ("GET", _ROLE + "/principal-roles"),
            "listGrantsForCatalogRole": ("GET", _ROLE + "/grants"),
            "addGrantToCatalogRole": ("PUT", _ROLE + "/grants"),
            "revokeGrantFromCatalogRole": ("POST", _ROLE + "/grants", "query:cascade"),
        },
    ),
    ADMIN + "PolarisPrincipalsApiService": (
        "/api/management/v1",
        {
            "listPrincipals": ("GET", "/principals"),
            "createPrincipal": ("POST", "/principals"),
            "getPrincipal": ("GET", _PRINCIPAL),
            "updatePrincipal": ("PUT", _PRINCIPAL),
            "deletePrincipal": ("DELETE", _PRINCIPAL),
            "rotateCredentials": ("POST", _PRINCIPAL + "/rotate"),
            "resetCredentials": ("POST", _PRINCIPAL + "/reset"),
            "listPrincipalRolesAssigned": ("GET", _PRINCIPAL + "/principal-roles"),
            "assignPrincipalRole": ("PUT", _PRINCIPAL + "/principal-roles"),
            "revokePrincipalRole": ("DELETE", _PRINCIPAL + "/principal-roles/{principalRoleName}"),
        },
    ),
    ADMIN + "PolarisPrincipalRolesApiService": (
        "/api/management/v1",
        {
            "listPrincipalRoles": ("GET", "/principal-roles"),
            "createPrincipalRole": ("POST", "/principal-roles"),
            "getPrincipalRole": ("GET", _PRINCIPAL_ROLE),
            "updatePrincipalRole": ("PUT", _PRINCIPAL_ROLE),
            "deletePrincipalRole": ("DELETE", _PRINCIPAL_ROLE),
            "listAssigneePrincipalsForPrincipalRole": ("GET", _PRINCIPAL_ROLE + "/principals"),
            "listCatalogRolesForPrincipalRole": ("GET", _PRINCIPAL_ROLE + "/catalog-roles/{catalogName}"),
            "assignCatalogRoleToPrincipalRole": ("PUT", _PRINCIPAL_ROLE + "/catalog-roles/{catalogName}"),
            "revokeCatalogRoleFromPrincipalRole": (
                "DELETE",
                _PRINCIPAL_ROLE + "/catalog-roles/{catalogName}/{catalogRoleName}",
            ),
        },
    ),
    CATALOG + "IcebergRestConfigurationApiService": (
        "/api/catalog",
        {"getConfig": ("GET", "/v1/config", "query:warehouse")},
    ),
    CATALOG + "IcebergRestOAuth2ApiService": (
        "/api/catalog",
        {
            "getToken": (
                "POST",
                "/v1/oauth/tokens",
                "header:Authorization",
                "form:grant_type",
                "form:scope",
                "form:client_id",
                "form:client_secret",
                "form:requested_token_type",
                "form:subject_token",
                "form:subject_token_type",
                "form:actor_token",
                "form:actor_token_type",
            )
        },
    ),
    CATALOG + "IcebergRestCatalogApiService": (
        "/api/catalog",
        {
            "listNamespaces": ("GET", "/v1/{prefix}/namespaces", *_PAGE, "query:parent"),
            "createNamespace": ("POST", "/v1/{prefix}/namespaces"),
            "loadNamespaceMetadata": ("GET", _NAMESPACE),
            "namespaceExists": ("HEAD", _NAMESPACE),
            "dropNamespace": ("DELETE", _NAMESPACE),
            "updateProperties": ("POST", _NAMESPACE + "/properties"),
            "listTables": ("GET", _NAMESPACE + "/tables", *_PAGE),
            "createTable": ("POST", _NAMESPACE + "/tables", _DELEGATION),
            "registerTable": ("POST", _NAMESPACE + "/register"),
            "loadTable": ("GET", _TABLE, _DELEGATION, _KNOWN, "query:snapshots"),
            "tableExists": ("HEAD", _TABLE),
            "updateTable": ("POST", _TABLE),
            "dropTable": ("DELETE", _TABLE, "query:purgeRequested"),
            "loadCredentials": ("GET", _TABLE + "/credentials"),
            "reportMetrics": ("POST", _TABLE + "/metrics"),
            "renameTable": ("POST", "/v1/{prefix}/tables/rename"),
            "commitTransaction": ("POST", "/v1/{prefix}/transactions/commit"),
            "listViews": ("GET", _NAMESPACE + "/views", *_PAGE),
            "createView": ("POST", _NAMESPACE + "/views"),
            "loadView": ("GET", _VIEW),
            "viewExists": ("HEAD", _VIEW),
            "replaceView": ("POST", _VIEW),
            "dropView": ("DELETE", _VIEW),
            "renameView": ("POST", "/v1/{prefix}/views/rename"),
        },
    ),
}
"""Service -> root of its paths, and operation -> method, path and what else a request carries, in order."""
_CONTEXT = ("Lorg/apache/polaris/core/context/RealmContext;", "Ljakarta/ws/rs/core/SecurityContext;")
_JSON = (
    "@com.fasterxml.jackson.annotation.JsonAutoDetect(fieldVisibility=com.fasterxml.jackson.annotation.JsonAutoDetect."
    "Visibility.ANY, getterVisibility=com.fasterxml.jackson.annotation.JsonAutoDetect.Visibility.NONE, "
    "isGetterVisibility=com.fasterxml.jackson.annotation.JsonAutoDetect.Visibility.NONE)\n"
    "@com.fasterxml.jackson.annotation.JsonInclude(com.fasterxml.jackson.annotation.JsonInclude.Include.NON_NULL)\n"
    "@com.fasterxml.jackson.annotation.JsonIgnoreProperties(ignoreUnknown=true)\n"
    "@io.quarkus.runtime.annotations.RegisterForReflection\n"
)


def write_interface(jars: list[Path], target: Path) -> int:
    """Write the classes below a folder of Java sources; how many there were."""
    sources = _Interface(classes_of(jars)).sources()
    for name, text in sources.items():
        path = target / f"{name}.java"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return len(sources)


class _Interface:
    """What the published classes use of those that are not published."""

    def __init__(self, known: dict[str, ClassFile]) -> None:
        self._known = known
        used = [member for item in known.values() for member in item.members]
        named = {name for item in known.values() for name in item.classes}
        missing = (MODEL, TYPES)
        self._members: dict[str, set[Member]] = defaultdict(set)
        for name in named:
            if name.startswith(missing):
                self._members[name] = set()
        for member in used:
            if member.owner.startswith(missing):
                self._members[member.owner].add(member)

    def sources(self) -> dict[str, str]:
        """Path below the sources, without suffix -> text."""
        sources = {}
        for name in {owner.split("$")[0] for owner in self._members} | {MODEL + parent for parent in _PARENTS}:
            package, _, short = name.rpartition("/")
            if short in _OWN or short == "PolicyIdentifierBuilder":
                continue
            body = self._enumeration(name) if self._is_enumeration(name) else self._model(name)
            sources[name] = f"package {package.replace('/', '.')};\n\n{body}"
        for service, methods in self._services().items():
            package, _, short = service.rpartition("/")
            head = f"package {package.replace('/', '.')};\n\n"
            sources[service] = head + _service(short, methods)
            if service in _ROUTES:
                endpoint = short.removesuffix("Service")
                sources[f"{package}/{endpoint}"] = head + _endpoint(endpoint, short, methods, *_ROUTES[service])
        return sources

    def _is_enumeration(self, name: str) -> bool:
        return name.endswith(("Privilege", "NotificationType"))

    def _enumeration(self, name: str) -> str:
        short = name.rpartition("/")[2]
        if short.endswith("Privilege"):
            values = [field for field in self._known[_PRIVILEGES].fields if re.fullmatch(r"[A-Z][A-Z_]*", field)]
        else:
            values = self._values(name)
        return f"public enum {short} {{ {', '.join(values)} }}\n"

    def _values(self, name: str) -> list[str]:
        return sorted(member.name for member in self._members[name] if member.kind == "field")

    def _model(self, name: str) -> str:
        short = name.rpartition("/")[2]
        parent = next((model for model, (_, kinds) in _PARENTS.items() if short in kinds), "")
        properties = self._properties(name)
        inherited = self._properties(MODEL + parent) if parent else {}
        own = {key: type_ for key, type_ in properties.items() if key not in inherited}
        lines = [_JSON + _kinds(short), f"public class {short}{f' extends {parent}' if parent else ''} {{"]
        lines += [_field(key, type_) for key, type_ in own.items()]
        lines += [f"  public {type_} get{key[0].upper()}{key[1:]}() {{ return {key}; }}" for key, type_ in own.items()]
        lines.append(f"  public {short}() {{}}")
        if short in _CONSTRUCTED:
            lines.append(self._constructor(name, short))
        lines += self._builder(name, short)
        lines += self._nested(name)
        return "\n".join([*lines, "}\n"])

    def _properties(self, name: str) -> dict[str, str]:
        found: dict[str, str] = {}
        short = name.rpartition("/")[2]
        if short in _CONSTRUCTED:
            types = next((_types(member.descriptor) for member in self._members[name] if member.name == "<init>"), [])
            found.update(zip(_CONSTRUCTED[short], map(_java, types), strict=bool(types)))
        if short in _PARENTS:
            for kind in _PARENTS[short][1]:
                shared = self._set_by_builders(MODEL + kind)
                common = _SHARED.get(short, (_PARENTS[short][0],))
                found.update({key: type_ for key, type_ in shared.items() if key in common})
        for member in sorted(self._members[name], key=lambda member: member.name):
            if member.name.startswith("get") and member.descriptor.startswith("()") and member.name != "getClass":
                found[member.name[3].lower() + member.name[4:]] = _java(member.descriptor[2:])
        return found | self._set_by_builders(name)

    def _set_by_builders(self, name: str) -> dict[str, str]:
        setters = sorted(self._members.get(f"{name}$Builder", ()), key=lambda member: member.name)
        found = {
            member.name[3].lower() + member.name[4:]: _java(_types(member.descriptor)[0])
            for member in setters
            if member.name.startswith("set")
        }
        constructed = next((member for member in self._members[name] if member.name == "<init>"), None)
        if constructed:
            types = map(_java, _types(constructed.descriptor))
            found.update(zip(_CONSTRUCTED.get(name.rpartition("/")[2], ()), types, strict=False))
        return found

    def _constructor(self, name: str, short: str) -> str:
        properties = self._properties(name)
        arguments = [(properties[key], key) for key in _CONSTRUCTED[short] if key in properties]
        sets = " ".join(f"this.{key} = {key};" for _, key in arguments)
        return f"  public {short}({', '.join(map(' '.join, arguments))}) {{ {sets} }}"

    def _builder(self, name: str, short: str) -> list[str]:
        if f"{name}$Builder" not in self._members:
            return []
        sets = [
            f"    public Builder set{key[0].upper()}{key[1:]}({type_} value) {{ made.{key} = value; return this; }}"
            for key, type_ in self._set_by_builders(name).items()
        ]
        return [
            "  public static Builder builder() { return new Builder(); }",
            f"  public static class Builder {{\n    private final {short} made = new {short}();",
            *sets,
            f"    public {short} build() {{ return made; }}\n  }}",
        ]

    def _nested(self, name: str) -> list[str]:
        lines = []
        for owner in sorted(self._members):
            if owner.startswith(f"{name}$") and owner.endswith("Enum"):
                values = self._values(owner)
                if owner.rpartition("/")[2] in _LOWER_CASE:
                    values = [
                        f'@com.fasterxml.jackson.annotation.JsonProperty("{value.lower()}") {value}' for value in values
                    ]
                lines.append(f"  public enum {owner.rpartition('$')[2]} {{ {', '.join(values)} }}")
        return lines

    def _services(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for item in self._known.values():
            mine = [name for name in item.interfaces if name.startswith((ADMIN, CATALOG))]
            operations = {
                name: text
                for name, text in item.methods
                if text.endswith(f"{_CONTEXT[0]}{_CONTEXT[1]})Ljakarta/ws/rs/core/Response;")
            }
            for service in mine:
                routes = _ROUTES.get(service, ("", {}))[1] or operations
                found[service].update({name: text for name, text in operations.items() if name in routes})
        return found


_SHARED = {
    "Catalog": (
        "type",
        "name",
        "properties",
        "createTimestamp",
        "lastUpdateTimestamp",
        "entityVersion",
        "storageConfigInfo",
    ),
    "StorageConfigInfo": ("storageType", "allowedLocations", "storageName"),
    "ConnectionConfigInfo": ("connectionType", "uri", "authenticationParameters", "serviceIdentity"),
}
"""Properties that all kinds of a model have."""


def _kinds(short: str) -> str:
    if short not in _PARENTS:
        return ""
    key, kinds = _PARENTS[short]
    types = ", ".join(
        f'@com.fasterxml.jackson.annotation.JsonSubTypes.Type(value={kind}.class, name="{value}")'
        for kind, value in kinds.items()
    )
    return (
        "@com.fasterxml.jackson.annotation.JsonTypeInfo(use=com.fasterxml.jackson.annotation.JsonTypeInfo.Id.NAME, "
        "include=com.fasterxml.jackson.annotation.JsonTypeInfo.As.EXISTING_PROPERTY, visible=true, "
        f'property="{key}")\n@com.fasterxml.jackson.annotation.JsonSubTypes({{{types}}})\n'
    )


def _field(key: str, type_: str) -> str:
    """A property; collections that a request leaves out are empty. Names are as written: Iceberg's are not."""
    empty = {"java.util.List": " = new java.util.ArrayList()", "java.util.Map": " = new java.util.HashMap()"}
    name = f'@com.fasterxml.jackson.annotation.JsonProperty("{key}")'
    return f"  {name} protected {type_} {key}{empty.get(type_, '')};"


def _service(short: str, methods: dict[str, str]) -> str:
    lines = [f"public interface {short} {{"]
    for name, descriptor in sorted(methods.items()):
        arguments = ", ".join(f"{_java(type_)} a{n}" for n, type_ in enumerate(_types(descriptor)))
        lines.append(f"  jakarta.ws.rs.core.Response {name}({arguments});")
    return "\n".join([*lines, "}\n"])


def _endpoint(short: str, service: str, methods: dict[str, str], root: str, routes: dict[str, tuple[str, ...]]) -> str:
    access = (
        "@jakarta.annotation.security.PermitAll"
        if "OAuth2" in short
        else '@jakarta.annotation.security.RolesAllowed("**")'
    )
    lines = [
        f'@jakarta.ws.rs.Path("{root}")\n{access}\n@jakarta.enterprise.context.RequestScoped\npublic class {short} {{',
        f"  @jakarta.inject.Inject {service} service;",
        "  @jakarta.inject.Inject org.apache.polaris.core.context.RealmContext realm;",
    ]
    lines += [_operation(name, methods[name], route) for name, route in routes.items() if name in methods]
    return "\n".join([*lines, "}\n"])


def _operation(name: str, descriptor: str, route: tuple[str, ...]) -> str:
    method, path, *carried = route
    types = _types(descriptor)[:-2]
    bindings = iter([f"path:{part}" for part in re.findall(r"{(\w+)}", path)] + carried)
    declared, body = [], False
    for number, type_ in enumerate(types):
        simple = type_.startswith("Ljava/lang/") or type_.endswith("/TokenType;")
        kind, _, key = next(bindings).partition(":") if simple else ("", "", "")
        body = body or not simple or kind == "form"
        declared.append(f"{_BINDINGS[kind].format(key)}{_java(type_)} a{number}")
    consumed = "application/x-www-form-urlencoded" if "form:" in str(carried) else "application/json"
    consumes = f'@jakarta.ws.rs.Consumes("{consumed}") ' if body else ""
    passed = ", ".join([*(f"a{number}" for number in range(len(types))), "realm", "security"])
    declared.append("@jakarta.ws.rs.core.Context jakarta.ws.rs.core.SecurityContext security")
    return (
        f'  @jakarta.ws.rs.{method} @jakarta.ws.rs.Path("{path}") {consumes}'
        '@jakarta.ws.rs.Produces("application/json")\n'
        f"  public jakarta.ws.rs.core.Response {name}({', '.join(declared)}) {{ return service.{name}({passed}); }}"
    )


_BINDINGS = {
    "": "",
    "path": '@jakarta.ws.rs.PathParam("{}") ',
    "query": '@jakarta.ws.rs.QueryParam("{}") ',
    "header": '@jakarta.ws.rs.HeaderParam("{}") ',
    "form": '@jakarta.ws.rs.FormParam("{}") ',
}


def _types(descriptor: str) -> list[str]:
    return re.findall(r"L[^;]+;|[ZIJ]", descriptor[1 : descriptor.index(")")])


def _java(type_: str) -> str:
    return type_[1:-1].replace("/", ".").replace("$", ".") if type_.startswith("L") else {"Z": "boolean"}[type_]
