{{/*
Rules and bindings that stand in several roles, or in one or another by watch.mode.
*/}}

{{- define "oauth-client-operator.rules.watched" -}}
- apiGroups: ["oauthclient.dev"]
  resources: ["oauthclients", "authorizationservers"]
  verbs: ["get", "list", "watch"]
- apiGroups: ["oauthclient.dev"]
  resources: ["oauthclients/status", "authorizationservers/status"]
  verbs: ["patch"]
{{ include "oauth-client-operator.rules.events" . }}
{{- end }}

{{- define "oauth-client-operator.rules.events" -}}
- apiGroups: ["events.k8s.io"]
  resources: ["events"]
  verbs: ["create", "patch"]
{{- end }}

{{- define "oauth-client-operator.rules.secrets" -}}
# The Secrets that applications read, and the credentials of namespaced authorization servers.
- apiGroups: [""]
  resources: ["secrets"]
  verbs: ["get", "list", "watch", "create", "patch", "delete"]
{{- end }}

{{- define "oauth-client-operator.subject" -}}
- kind: ServiceAccount
  name: {{ include "oauth-client-operator.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}

{{/*
Binds a Role to the operator under the Role's own name. Takes a list: the root, namespace, name.
*/}}
{{- define "oauth-client-operator.roleBinding" -}}
{{- $root := index . 0 -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ index . 2 }}
  namespace: {{ index . 1 }}
  labels:
    {{- include "oauth-client-operator.labels" $root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ index . 2 }}
subjects:
  {{- include "oauth-client-operator.subject" $root | nindent 2 }}
{{- end }}
