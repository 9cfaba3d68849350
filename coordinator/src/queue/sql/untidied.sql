-- queue::merge_done: layers with done spans that merging has not looked at
SELECT DISTINCT campaign_id, mode, layer FROM spans WHERE state = 'done' AND NOT tidied LIMIT 64
