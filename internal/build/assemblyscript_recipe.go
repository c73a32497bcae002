package build

func assemblyScriptRecipe(*job) recipe { return recipe{name: "assemblyscript"} }
