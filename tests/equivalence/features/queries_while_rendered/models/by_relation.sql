{{ config(materialized='table') }}
{% set there = adapter.get_relation(this.database, this.schema, this.identifier) %}
{% set other = load_relation(ref('orders')) %}
select '{{ there is none }}' as was_new, '{{ other.type if other else "" }}' as type, '{{ adapter.get_relation(target.database, "main", "no_such_table") is none }}' as missing
