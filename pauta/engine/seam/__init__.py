"""Where the engine touches plugins: how one is found, what it may offer, how its code is run so that it harms nobody.

discovery     files in a folder, installed packages; their versions, and where their code lies
offers        what a plugin registers, held against the contracts
loaded        a plugin and what became of it: runs its code, gives up on it, switches it off
own_thread    the thread in which a plugin's code runs, with a limit of time
read_only     what is handed to a plugin, so that it cannot change what others see
asking        a criterion asked about a batch, and what it says checked
isolation     plugins that run in a process of their own; `worker` is what runs there
"""
