"""Where the engine touches plugins: how one is found, what it may offer, how its code is run so that it harms nobody.

discovery     files in a folder, installed packages; their versions, and where their code lies
offers        what a plugin registers, held against the contracts; `schemas_of_options` looks at the options
loaded        a plugin and what became of it: runs its code, gives up on it, switches it off
own_thread    the thread in which a plugin's code runs, with a limit of time
read_only     what is handed to a plugin, so that it cannot change what others see
asking        a criterion asked about a batch; `believing` says whether what it answers can be true
isolation     plugins that run in a process of their own; `worker` is what runs there
"""
