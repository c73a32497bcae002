package build

func assemblyScriptSDK(*job) string { return "" }
