package build

func cppSDK(*job) string { return "" }
