{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
  {%- if custom_alias_name -%}{{ custom_alias_name | trim }}{%- elif node.version -%}{{ node.name ~ "_v" ~ node.version }}{%- else -%}{{ node.name | lower }}{%- endif -%}
{%- endmacro %}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {%- if node.resource_type == 'seed' -%}raw{%- elif custom_schema_name is none -%}{{ target.schema }}_{{ node.fqn[1] | replace('.', '_') if node.fqn | length > 2 else 'root' }}{%- else -%}{{ custom_schema_name | trim }}{%- endif -%}
{%- endmacro %}
