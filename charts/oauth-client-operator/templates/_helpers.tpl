{{/*
Cuts a name to a length; what was cut is represented by a hash, so that two long names stay different.
Takes a list: name, length.
*/}}
{{- define "oauth-client-operator.fit" -}}
{{- $name := index . 0 -}}
{{- $length := index . 1 -}}
{{- if gt (len $name) $length -}}
{{- printf "%s-%s" (trunc (int (sub $length 9)) $name | trimSuffix "-") (sha256sum $name | trunc 8) -}}
{{- else -}}
{{- $name -}}
{{- end -}}
{{- end }}

{{- define "oauth-client-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride -}}
{{- end }}

{{/*
The name that all objects share, at most 55 long: the longest suffix in use has 8. A release name may have dots and start
with a digit, the name of a Service may not.
*/}}
{{- define "oauth-client-operator.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else -}}
{{- $name := include "oauth-client-operator.name" . -}}
{{- $release := regexReplaceAll "^([0-9])" (replace "." "-" .Release.Name) "r-$1" -}}
{{- $full := contains $name $release | ternary $release (printf "%s-%s" $release $name) -}}
{{- include "oauth-client-operator.fit" (list $full 55) -}}
{{- end -}}
{{- end }}

{{- define "oauth-client-operator.serviceAccountName" -}}
{{- default (include "oauth-client-operator.fullname" .) .Values.serviceAccount.name -}}
{{- end }}

{{- define "oauth-client-operator.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end }}

{{- define "oauth-client-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "oauth-client-operator.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "oauth-client-operator.standardLabels" -}}
{{ include "oauth-client-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "oauth-client-operator.labels" -}}
{{ include "oauth-client-operator.standardLabels" . }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/*
The labels of an object that something else selects by labels of its own, which win. Takes a list: the root, those labels.
*/}}
{{- define "oauth-client-operator.labelsWith" -}}
{{- $root := index . 0 -}}
{{ include "oauth-client-operator.standardLabels" $root }}
{{- with merge (dict) (index . 1 | default dict) ($root.Values.commonLabels | default dict) }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "oauth-client-operator.podLabels" -}}
{{ include "oauth-client-operator.labelsWith" (list . .Values.podLabels) }}
{{- end }}
