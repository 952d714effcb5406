{% macro return_it() %}{{ return(43) }}{% endmacro %}
