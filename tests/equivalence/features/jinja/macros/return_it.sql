{% macro return_it() %}{% for n in [1, 2] %}{% if n == 2 %}{{ return(n * 21) }}{% endif %}{% endfor %}{% endmacro %}
