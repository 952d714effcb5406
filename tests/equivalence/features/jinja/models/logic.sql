{{ config(materialized='table') }}
{% set ns = namespace(total=0) %}{% for n in [1, 2, 3] if n != 2 %}{% set ns.total = ns.total + n %}{% endfor %}
{% set mapping = {'a': 1, 'b': [1, 2]} %}
with recursive r(n) as (select 1 union all select n + 1 from r where n < 3), "quoted cte" as materialized (select max(n) as m from r)
select {{ ns.total }} as total, {{ mapping.b | sum }} as summed, {{ mapping.items() | list | length }} as items, '{{ "x" if false }}' as empty, '{{ mapping.get("c", "d") }}' as got, m, '{{ ["b", "a"] | sort | join("-") }}' as sorted,
  {{ 7 // 2 }} as floored, '{{ none }}' as none, '{{ "%.2f" | format(1.005) }}' as formatted, '{{ undefined_thing is defined }}' as there, {{ return_it() }} as returned
from "quoted cte"
