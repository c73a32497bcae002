package build

func golangRecipe(*job) recipe { return recipe{name: "go"} }
