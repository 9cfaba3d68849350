-- queue::part: leaves a row less of its ordinals; what it gives up is inserted next
UPDATE spans SET ordinals = int4range($2, $3) WHERE id = $1
