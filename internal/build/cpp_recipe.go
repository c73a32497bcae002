package build

func cppRecipe(*job) recipe { return recipe{name: "cpp"} }
