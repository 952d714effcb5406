select {{ local_macro(1) }} as one, {{ local_macro(1, 2, 3, z=4) }} as two, {% call(word) around() %}'{{ word }}'{% endcall %} as called, {% filter upper %}'loud'{% endfilter %} as loud
