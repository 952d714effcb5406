select id, '{{ var("mood") }}!' as mood from {{ ref('rows') }} where id < {{ var('first_id') }} + {{ 1 if var('maybe', false) else 0 }}
