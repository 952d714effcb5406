select name, age from {{ source('files', 'people') }}
