package build

func rustRecipe(*job) recipe { return recipe{name: "rust"} }
