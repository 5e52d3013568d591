-- Health of OAuthClient, AuthorizationServer and ClusterAuthorizationServer for Argo CD.
-- It needs no library, so the setting useOpenLibs is not needed.

-- A server's reasons that pass by themselves or when an object arrives that the same sync may bring. Every other reason
-- needs a person.
local passing = { Pending = true, Unreachable = true, CredentialMissing = true }

local function health(status, message)
  return { status = status, message = message or "" }
end

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", "It is being deleted.")
end

local status = obj.status or {}
if status.observedGeneration ~= nil and status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "The operator has not looked at the change yet.")
end

local ready, stalled
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Ready" then
    ready = condition
  elseif condition.type == "Stalled" and condition.status == "True" then
    stalled = condition
  end
end

if stalled ~= nil then
  return health("Degraded", stalled.message)
end
if ready == nil then
  return health("Progressing", "The operator has not looked at it yet.")
end
if ready.status == "True" then
  return health("Healthy", ready.message)
end
if ready.reason == "Suspended" then
  return health("Suspended", ready.message)
end
-- A client says Stalled when a person must act; servers have no such condition.
if obj.kind ~= "OAuthClient" and ready.status == "False" and not passing[ready.reason] then
  return health("Degraded", ready.message)
end
return health("Progressing", ready.message)
