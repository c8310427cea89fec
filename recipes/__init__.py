"""What a checkout can run. Each recipe answers a question, by one line: `python -m recipes.digits --help`.

    digits            how well AlexNet reads handwritten digits, in five folds
    fashion           how well it tells clothes apart
    imagenet          how well an AlexNet reads photographs, trained as its paper has it, or as today
    compare_policies  what a policy does to each class, over seeds
    demo              from a policy to all of that, command by command
    evaluate          how well a network that is there reads pictures, by one crop and by ten

The settings of a recipe stand in the YAML file beside it, what they do to pictures in policies/. Beneath them
lie `fit` (the one training loop), `reading` (what a network reads), `workers` (several that train as one),
`rates` and `plateau` (how the rate falls, and when training ends), `mean` (the mean picture), `mean_layer`
(what subtracts it), `behind_mean` (a network behind it), `measured` (what is measured before a run begins),
`pictures` (data sets, folds, plans) and `runs` (settings, folders, logs, reports, comparisons).
"""
