package floe.services.polaris;

import io.smallrye.common.annotation.Identifier;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;
import org.apache.polaris.core.PolarisCallContext;
import org.apache.polaris.core.PolarisDiagnostics;
import org.apache.polaris.core.config.RealmConfig;
import org.apache.polaris.core.context.RealmContext;
import org.apache.polaris.core.entity.PrincipalEntity;
import org.apache.polaris.core.persistence.AtomicOperationMetaStoreManager;
import org.apache.polaris.core.persistence.BasePersistence;
import org.apache.polaris.core.persistence.MetaStoreManagerFactory;
import org.apache.polaris.core.persistence.PolarisMetaStoreManager;
import org.apache.polaris.core.persistence.PrincipalSecretsGenerator;
import org.apache.polaris.core.persistence.bootstrap.RootCredentialsSet;
import org.apache.polaris.core.persistence.cache.EntityCache;
import org.apache.polaris.core.persistence.cache.InMemoryEntityCache;
import org.apache.polaris.core.persistence.dao.entity.BaseResult;
import org.apache.polaris.core.persistence.dao.entity.PrincipalSecretsResult;
import org.apache.polaris.core.storage.PolarisStorageIntegrationProvider;

/** Metastores in the PostgreSQL database of Quarkus' data source. A realm that is there already stays as it is. */
@ApplicationScoped
@Identifier("postgresql")
public class PostgresMetaStoreManagerFactory implements MetaStoreManagerFactory {
  /** What two servers that start at once wait for each other with: any number that nobody else uses. */
  private static final String ALONE = "select pg_advisory_xact_lock(7065)";

  private final Map<String, EntityCache> caches = new ConcurrentHashMap<>();
  @Inject DataSource source;
  @Inject Clock clock;
  @Inject PolarisDiagnostics diagnostics;
  @Inject PolarisStorageIntegrationProvider storages;
  private Database database;

  private synchronized Database database() {
    if (database == null) {
      database = new Database(source);
    }
    return database;
  }

  @Override
  public PolarisMetaStoreManager getOrCreateMetaStoreManager(RealmContext realm) {
    return new AtomicOperationMetaStoreManager(clock, diagnostics);
  }

  @Override
  public BasePersistence getOrCreateSession(RealmContext realm) {
    return session(realm.getRealmIdentifier(), PrincipalSecretsGenerator.RANDOM_SECRETS);
  }

  private PostgresPersistence session(String realm, PrincipalSecretsGenerator generator) {
    return new PostgresPersistence(database(), realm, generator, storages, diagnostics);
  }

  @Override
  public EntityCache getOrCreateEntityCache(RealmContext realm, RealmConfig config) {
    return caches.computeIfAbsent(
        realm.getRealmIdentifier(),
        name -> new InMemoryEntityCache(diagnostics, config, getOrCreateMetaStoreManager(realm)));
  }

  @Override
  public Map<String, PrincipalSecretsResult> bootstrapRealms(Iterable<String> realms, RootCredentialsSet credentials) {
    Map<String, PrincipalSecretsResult> made = new HashMap<>();
    database()
        .transaction(
            () -> {
              database().first(row -> true, ALONE);
              database().change(schema());
              for (String realm : realms) {
                bootstrap(realm, credentials, made);
              }
              return null;
            });
    return made;
  }

  private void bootstrap(String realm, RootCredentialsSet credentials, Map<String, PrincipalSecretsResult> made) {
    RealmContext context = () -> realm;
    PolarisMetaStoreManager manager = getOrCreateMetaStoreManager(context);
    PostgresPersistence session = session(realm, PrincipalSecretsGenerator.bootstrap(realm, credentials));
    PolarisCallContext call = new PolarisCallContext(context, session);
    if (manager.findRootPrincipal(call).isEmpty()) {
      manager.bootstrapPolarisService(call);
      PrincipalEntity root = manager.findRootPrincipal(call).orElseThrow();
      made.put(realm, manager.loadPrincipalSecrets(call, root.getClientId()));
    }
  }

  @Override
  public Map<String, BaseResult> purgeRealms(Iterable<String> realms) {
    Map<String, BaseResult> purged = new HashMap<>();
    for (String realm : realms) {
      RealmContext context = () -> realm;
      PolarisCallContext call = new PolarisCallContext(context, getOrCreateSession(context));
      purged.put(realm, getOrCreateMetaStoreManager(context).purge(call));
      caches.remove(realm);
    }
    return purged;
  }

  private static String schema() {
    try (InputStream file = PostgresMetaStoreManagerFactory.class.getResourceAsStream("/metastore.sql")) {
      return new String(file.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }
}
