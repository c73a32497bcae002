package build

func rustSDK(*job) string { return "" }
