-- What Polaris knows, each realm by itself. Names are as in its class PolarisBaseEntity.
create sequence if not exists entity_ids start 1000;

create table if not exists entities (
  realm text not null,
  catalog_id bigint not null,
  id bigint not null,
  parent_id bigint not null,
  type_code int not null,
  sub_type_code int not null,
  name text not null,
  entity_version int not null,
  grant_records_version int not null,
  create_timestamp bigint not null,
  drop_timestamp bigint not null,
  purge_timestamp bigint not null,
  to_purge_timestamp bigint not null,
  last_update_timestamp bigint not null,
  properties text,
  internal_properties text,
  primary key (realm, id),
  unique (realm, catalog_id, parent_id, type_code, name)
);

create table if not exists grants (
  realm text not null,
  securable_catalog_id bigint not null,
  securable_id bigint not null,
  grantee_catalog_id bigint not null,
  grantee_id bigint not null,
  privilege_code int not null,
  primary key (realm, securable_catalog_id, securable_id, grantee_catalog_id, grantee_id, privilege_code)
);
create index if not exists grants_by_grantee on grants (realm, grantee_catalog_id, grantee_id);

create table if not exists secrets (
  realm text not null,
  client_id text not null,
  principal_id bigint not null,
  salt text not null,
  main_hash text not null,
  secondary_hash text,
  primary key (realm, client_id)
);
