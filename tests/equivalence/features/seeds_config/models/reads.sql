select c.name, q."select", h.zip from {{ ref('codes') }} c, {{ ref('quoted') }} q, {{ ref('half_typed') }} h
