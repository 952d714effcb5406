{% for status in statuses(ref('orders')) %}
select '{{ status }}' as status where not exists (select {{ status }}_amount from {{ ref('pivoted') }})
{% if not loop.last %} union all {% endif %}
{% else %} select 1 from {{ ref('pivoted') }} where false {% endfor %}
