{{ config(materialized='table') }}
select '{% raw %}{{ not rendered }} {% if %}{% endraw %}' as raw, '{{ "{%" }}' as percent, 'a%b_c' as pattern, E'tab\there' as tab, $$dollar 'quoted'$$ as dollar, '-- no comment' as dashes, ';' as semicolon
