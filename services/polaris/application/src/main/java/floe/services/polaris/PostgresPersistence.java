package floe.services.polaris;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.polaris.core.PolarisCallContext;
import org.apache.polaris.core.PolarisDiagnostics;
import org.apache.polaris.core.entity.EntityNameLookupRecord;
import org.apache.polaris.core.entity.PolarisBaseEntity;
import org.apache.polaris.core.entity.PolarisChangeTrackingVersions;
import org.apache.polaris.core.entity.PolarisEntityCore;
import org.apache.polaris.core.entity.PolarisEntityId;
import org.apache.polaris.core.entity.PolarisEntitySubType;
import org.apache.polaris.core.entity.PolarisEntityType;
import org.apache.polaris.core.entity.PolarisEvent;
import org.apache.polaris.core.entity.PolarisGrantRecord;
import org.apache.polaris.core.entity.PolarisPrincipalSecrets;
import org.apache.polaris.core.persistence.BaseMetaStoreManager;
import org.apache.polaris.core.persistence.BasePersistence;
import org.apache.polaris.core.persistence.EntityAlreadyExistsException;
import org.apache.polaris.core.persistence.IntegrationPersistence;
import org.apache.polaris.core.persistence.PrincipalSecretsGenerator;
import org.apache.polaris.core.persistence.RetryOnConcurrencyException;
import org.apache.polaris.core.persistence.pagination.EntityIdToken;
import org.apache.polaris.core.persistence.pagination.Page;
import org.apache.polaris.core.persistence.pagination.PageToken;
import org.apache.polaris.core.storage.PolarisStorageConfigurationInfo;
import org.apache.polaris.core.storage.PolarisStorageIntegration;
import org.apache.polaris.core.storage.PolarisStorageIntegrationProvider;

/**
 * The metastore of one realm in PostgreSQL: entities, grants and the hashes of principals' secrets.
 *
 * <p>Nothing is kept in memory. An entity changes only if it still has the versions that the change was computed from;
 * several change together or not at all.
 */
final class PostgresPersistence implements BasePersistence, IntegrationPersistence {
  private static final String NAMED = " where realm = ? and catalog_id = ? and parent_id = ? and type_code = ?";
  private static final String ON_SECURABLE = " where realm = ? and securable_catalog_id = ? and securable_id = ?";
  private static final String OF_GRANTEE = " where realm = ? and grantee_catalog_id = ? and grantee_id = ?";
  private static final String THIS_GRANT =
      ON_SECURABLE + " and grantee_catalog_id = ? and grantee_id = ? and privilege_code = ?";

  private final Database database;
  private final String realm;
  private final PrincipalSecretsGenerator generator;
  private final PolarisStorageIntegrationProvider storages;
  private final PolarisDiagnostics diagnostics;

  PostgresPersistence(
      Database database,
      String realm,
      PrincipalSecretsGenerator generator,
      PolarisStorageIntegrationProvider storages,
      PolarisDiagnostics diagnostics) {
    this.database = database;
    this.realm = realm;
    this.generator = generator;
    this.storages = storages;
    this.diagnostics = diagnostics;
  }

  @Override
  public long generateNewId(PolarisCallContext context) {
    return database.first(row -> row.getLong(1), "select nextval('entity_ids')");
  }

  @Override
  public void writeEntity(
      PolarisCallContext context, PolarisBaseEntity entity, boolean moved, PolarisBaseEntity original) {
    if (original == null) {
      insert(entity);
    } else {
      update(entity, original);
    }
  }

  @Override
  public void writeEntities(
      PolarisCallContext context, List<PolarisBaseEntity> entities, List<PolarisBaseEntity> originals) {
    // In one order always: two requests that change the same entities wait for each other, and do not block each other.
    List<Integer> order =
        IntStream.range(0, entities.size()).boxed().sorted(Comparator.comparing(n -> entities.get(n).getId())).toList();
    database.transaction(
        () -> {
          for (int n : order) {
            writeEntity(context, entities.get(n), true, originals == null ? null : originals.get(n));
          }
          return null;
        });
  }

  private void insert(PolarisBaseEntity entity) {
    int written =
        database.change(
            "insert into entities values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
            realm,
            entity.getCatalogId(),
            entity.getId(),
            entity.getParentId(),
            entity.getTypeCode(),
            entity.getSubTypeCode(),
            entity.getName(),
            entity.getEntityVersion(),
            entity.getGrantRecordsVersion(),
            entity.getCreateTimestamp(),
            entity.getDropTimestamp(),
            entity.getPurgeTimestamp(),
            entity.getToPurgeTimestamp(),
            entity.getLastUpdateTimestamp(),
            entity.getProperties(),
            entity.getInternalProperties());
    if (written == 0) {
      throw inTheWayOf(entity);
    }
  }

  private RuntimeException inTheWayOf(PolarisBaseEntity entity) {
    PolarisBaseEntity there = named(entity.getCatalogId(), entity.getParentId(), entity.getTypeCode(), entity.getName());
    there = there == null ? withId(entity.getCatalogId(), entity.getId()) : there;
    return there == null
        ? new RetryOnConcurrencyException("'%s' was there, and is not any more", entity.getName())
        : new EntityAlreadyExistsException(there);
  }

  private void update(PolarisBaseEntity entity, PolarisBaseEntity original) {
    int written =
        database.change(
            "update entities set parent_id = ?, name = ?, entity_version = ?, grant_records_version = ?,"
                + " drop_timestamp = ?, purge_timestamp = ?, to_purge_timestamp = ?, last_update_timestamp = ?,"
                + " properties = ?, internal_properties = ? where realm = ? and catalog_id = ? and id = ?"
                + " and entity_version = ? and grant_records_version = ?",
            entity.getParentId(),
            entity.getName(),
            entity.getEntityVersion(),
            entity.getGrantRecordsVersion(),
            entity.getDropTimestamp(),
            entity.getPurgeTimestamp(),
            entity.getToPurgeTimestamp(),
            entity.getLastUpdateTimestamp(),
            entity.getProperties(),
            entity.getInternalProperties(),
            realm,
            original.getCatalogId(),
            original.getId(),
            original.getEntityVersion(),
            original.getGrantRecordsVersion());
    if (written == 0) {
      throw new RetryOnConcurrencyException("'%s' was changed meanwhile", entity.getName());
    }
  }

  @Override
  public void deleteEntity(PolarisCallContext context, PolarisBaseEntity entity) {
    database.change("delete from entities where realm = ? and id = ?", realm, entity.getId());
  }

  @Override
  public void deleteAll(PolarisCallContext context) {
    database.transaction(
        () -> {
          for (String table : List.of("entities", "grants", "secrets")) {
            database.change("delete from " + table + " where realm = ?", realm);
          }
          return null;
        });
  }

  @Override
  public PolarisBaseEntity lookupEntity(PolarisCallContext context, long catalogId, long id, int typeCode) {
    PolarisBaseEntity found = withId(catalogId, id);
    return found == null || found.getTypeCode() != typeCode ? null : found;
  }

  @Override
  public PolarisBaseEntity lookupEntityByName(
      PolarisCallContext context, long catalogId, long parentId, int typeCode, String name) {
    return named(catalogId, parentId, typeCode, name);
  }

  private PolarisBaseEntity withId(long catalogId, long id) {
    String sql = "select * from entities where realm = ? and catalog_id = ? and id = ?";
    return database.first(PostgresPersistence::entity, sql, realm, catalogId, id);
  }

  private PolarisBaseEntity named(long catalogId, long parentId, int typeCode, String name) {
    String sql = "select * from entities" + NAMED + " and name = ?";
    return database.first(PostgresPersistence::entity, sql, realm, catalogId, parentId, typeCode, name);
  }

  @Override
  public List<PolarisBaseEntity> lookupEntities(PolarisCallContext context, List<PolarisEntityId> ids) {
    Long[] wanted = ids.stream().map(PolarisEntityId::id).toArray(Long[]::new);
    String sql = "select * from entities where realm = ? and id = any(?)";
    Map<PolarisEntityId, PolarisBaseEntity> found = new HashMap<>();
    for (PolarisBaseEntity entity : database.all(PostgresPersistence::entity, sql, realm, wanted)) {
      found.put(new PolarisEntityId(entity.getCatalogId(), entity.getId()), entity);
    }
    List<PolarisBaseEntity> inOrder = new ArrayList<>();
    ids.forEach(id -> inOrder.add(found.get(id)));
    return inOrder;
  }

  @Override
  public List<PolarisChangeTrackingVersions> lookupEntityVersions(
      PolarisCallContext context, List<PolarisEntityId> ids) {
    List<PolarisChangeTrackingVersions> versions = new ArrayList<>();
    for (PolarisBaseEntity entity : lookupEntities(context, ids)) {
      versions.add(
          entity == null
              ? null
              : new PolarisChangeTrackingVersions(entity.getEntityVersion(), entity.getGrantRecordsVersion()));
    }
    return versions;
  }

  @Override
  public Page<EntityNameLookupRecord> listEntities(
      PolarisCallContext context,
      long catalogId,
      long parentId,
      PolarisEntityType type,
      PolarisEntitySubType subType,
      PageToken page) {
    return listFullEntities(
        context, catalogId, parentId, type, subType, entity -> true, EntityNameLookupRecord::new, page);
  }

  @Override
  public <T> Page<T> listFullEntities(
      PolarisCallContext context,
      long catalogId,
      long parentId,
      PolarisEntityType type,
      PolarisEntitySubType subType,
      Predicate<PolarisBaseEntity> filter,
      Function<PolarisBaseEntity, T> transformer,
      PageToken page) {
    long after = page.valueAs(EntityIdToken.class).map(EntityIdToken::entityId).orElse(Long.MIN_VALUE);
    String sql = "select * from entities" + NAMED + " and id > ? order by id";
    Stream<PolarisBaseEntity> found =
        database.all(PostgresPersistence::entity, sql, realm, catalogId, parentId, type.getCode(), after).stream();
    if (subType != PolarisEntitySubType.ANY_SUBTYPE) {
      found = found.filter(entity -> entity.getSubTypeCode() == subType.getCode());
    }
    return Page.mapped(page, found.filter(filter), transformer, EntityIdToken::fromEntity);
  }

  @Override
  public boolean hasChildren(PolarisCallContext context, PolarisEntityType type, long catalogId, long parentId) {
    String below = "select 1 from entities where realm = ? and catalog_id = ? and parent_id = ?";
    Integer found =
        type == null
            ? database.first(row -> row.getInt(1), below + " limit 1", realm, catalogId, parentId)
            : database.first(
                row -> row.getInt(1), below + " and type_code = ? limit 1", realm, catalogId, parentId, type.getCode());
    return found != null;
  }

  @Override
  public int lookupEntityGrantRecordsVersion(PolarisCallContext context, long catalogId, long id) {
    PolarisBaseEntity entity = withId(catalogId, id);
    return entity == null ? 0 : entity.getGrantRecordsVersion();
  }

  @Override
  public void writeToGrantRecords(PolarisCallContext context, PolarisGrantRecord grant) {
    database.change("insert into grants values (?, ?, ?, ?, ?, ?) on conflict do nothing", values(grant));
  }

  @Override
  public void deleteFromGrantRecords(PolarisCallContext context, PolarisGrantRecord grant) {
    database.change("delete from grants" + THIS_GRANT, values(grant));
  }

  @Override
  public void deleteAllEntityGrantRecords(
      PolarisCallContext context,
      PolarisEntityCore entity,
      List<PolarisGrantRecord> grantsOnGrantee,
      List<PolarisGrantRecord> grantsOnSecurable) {
    database.transaction(
        () -> {
          database.change("delete from grants" + ON_SECURABLE, realm, entity.getCatalogId(), entity.getId());
          return database.change("delete from grants" + OF_GRANTEE, realm, entity.getCatalogId(), entity.getId());
        });
  }

  @Override
  public PolarisGrantRecord lookupGrantRecord(
      PolarisCallContext context,
      long securableCatalogId,
      long securableId,
      long granteeCatalogId,
      long granteeId,
      int privilegeCode) {
    PolarisGrantRecord wanted =
        new PolarisGrantRecord(securableCatalogId, securableId, granteeCatalogId, granteeId, privilegeCode);
    return database.first(PostgresPersistence::grant, "select * from grants" + THIS_GRANT, values(wanted));
  }

  @Override
  public List<PolarisGrantRecord> loadAllGrantRecordsOnSecurable(PolarisCallContext context, long catalogId, long id) {
    return database.all(PostgresPersistence::grant, "select * from grants" + ON_SECURABLE, realm, catalogId, id);
  }

  @Override
  public List<PolarisGrantRecord> loadAllGrantRecordsOnGrantee(PolarisCallContext context, long catalogId, long id) {
    return database.all(PostgresPersistence::grant, "select * from grants" + OF_GRANTEE, realm, catalogId, id);
  }

  private Object[] values(PolarisGrantRecord grant) {
    return new Object[] {
      realm,
      grant.getSecurableCatalogId(),
      grant.getSecurableId(),
      grant.getGranteeCatalogId(),
      grant.getGranteeId(),
      grant.getPrivilegeCode()
    };
  }

  @Override
  public PolarisPrincipalSecrets loadPrincipalSecrets(PolarisCallContext context, String clientId) {
    String sql = "select * from secrets where realm = ? and client_id = ?";
    return database.first(PostgresPersistence::secrets, sql, realm, clientId);
  }

  @Override
  public PolarisPrincipalSecrets generateNewPrincipalSecrets(PolarisCallContext context, String name, long principalId) {
    PolarisPrincipalSecrets made = generator.produceSecrets(name, principalId);
    written(made, "on conflict do nothing");
    return made;
  }

  @Override
  public PolarisPrincipalSecrets storePrincipalSecrets(
      PolarisCallContext context, long principalId, String clientId, String secret) {
    return replaced(new PolarisPrincipalSecrets(principalId, clientId, secret));
  }

  @Override
  public PolarisPrincipalSecrets rotatePrincipalSecrets(
      PolarisCallContext context, String clientId, long principalId, boolean reset, String oldHash) {
    return database.transaction(
        () -> {
          PolarisPrincipalSecrets found = loadPrincipalSecrets(context, clientId);
          diagnostics.check(found != null && found.getPrincipalId() == principalId, "no_such_secrets");
          found.rotateSecrets(oldHash);
          if (reset) {
            found.rotateSecrets(found.getMainSecretHash());
          }
          return replaced(found);
        });
  }

  @Override
  public void deletePrincipalSecrets(PolarisCallContext context, String clientId, long principalId) {
    String sql = "delete from secrets where realm = ? and client_id = ? and principal_id = ?";
    database.change(sql, realm, clientId, principalId);
  }

  private PolarisPrincipalSecrets replaced(PolarisPrincipalSecrets secrets) {
    String instead =
        "on conflict (realm, client_id) do update set principal_id = excluded.principal_id, salt = excluded.salt,"
            + " main_hash = excluded.main_hash, secondary_hash = excluded.secondary_hash";
    written(secrets, instead);
    return secrets;
  }

  private void written(PolarisPrincipalSecrets secrets, String onConflict) {
    int count =
        database.change(
            "insert into secrets values (?, ?, ?, ?, ?, ?) " + onConflict,
            realm,
            secrets.getPrincipalClientId(),
            secrets.getPrincipalId(),
            secrets.getSecretSalt(),
            secrets.getMainSecretHash(),
            secrets.getSecondarySecretHash());
    if (count == 0) {
      throw new RetryOnConcurrencyException("client id '%s' is taken", secrets.getPrincipalClientId());
    }
  }

  @Override
  public <T extends PolarisStorageConfigurationInfo> PolarisStorageIntegration<T> createStorageIntegration(
      PolarisCallContext context, long catalogId, long entityId, PolarisStorageConfigurationInfo storage) {
    return storages.getStorageIntegrationForConfig(storage);
  }

  @Override
  public <T extends PolarisStorageConfigurationInfo> void persistStorageIntegrationIfNeeded(
      PolarisCallContext context, PolarisBaseEntity entity, PolarisStorageIntegration<T> integration) {
    // A catalog's entity holds its storage's configuration: there is nothing else to keep.
  }

  @Override
  public <T extends PolarisStorageConfigurationInfo> PolarisStorageIntegration<T> loadPolarisStorageIntegration(
      PolarisCallContext context, PolarisBaseEntity entity) {
    return storages.getStorageIntegrationForConfig(
        BaseMetaStoreManager.extractStorageConfiguration(diagnostics, entity));
  }

  @Override
  public void writeEvents(List<PolarisEvent> events) {
    throw new UnsupportedOperationException("events are not kept: set polaris.event-listener.type=no-op");
  }

  private static PolarisBaseEntity entity(ResultSet row) throws SQLException {
    return new PolarisBaseEntity.Builder()
        .catalogId(row.getLong("catalog_id"))
        .id(row.getLong("id"))
        .parentId(row.getLong("parent_id"))
        .typeCode(row.getInt("type_code"))
        .subTypeCode(row.getInt("sub_type_code"))
        .name(row.getString("name"))
        .entityVersion(row.getInt("entity_version"))
        .grantRecordsVersion(row.getInt("grant_records_version"))
        .createTimestamp(row.getLong("create_timestamp"))
        .dropTimestamp(row.getLong("drop_timestamp"))
        .purgeTimestamp(row.getLong("purge_timestamp"))
        .toPurgeTimestamp(row.getLong("to_purge_timestamp"))
        .lastUpdateTimestamp(row.getLong("last_update_timestamp"))
        .properties(row.getString("properties"))
        .internalProperties(row.getString("internal_properties"))
        .build();
  }

  private static PolarisGrantRecord grant(ResultSet row) throws SQLException {
    return new PolarisGrantRecord(row.getLong(2), row.getLong(3), row.getLong(4), row.getLong(5), row.getInt(6));
  }

  private static PolarisPrincipalSecrets secrets(ResultSet row) throws SQLException {
    return new PolarisPrincipalSecrets(
        row.getLong("principal_id"),
        row.getString("client_id"),
        null,
        null,
        row.getString("salt"),
        row.getString("main_hash"),
        row.getString("secondary_hash"));
  }
}
