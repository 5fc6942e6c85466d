# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 25. Pictures for slides
#
# A picture in a lecture has one job: to show *one* thing to the last row. You choose **what** it shows (the view), **how much** of the graph
# (folding and focus), and **where** it will hang (a slide, paper, a page in the browser).
#
# **After this lesson you can**
#
# - put the picture of a graph or a run into your slides, sharp at every size,
# - choose what it says, and leave out what does not help,
# - make a film, a quiz sheet with its key, and a picture of a mistake.
#
# Time: about 40 minutes. You need: lesson 1; for the pictures with gradients lesson 3.

# %%
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import graphnn as gn
import viz

# %% [markdown]
# ## "How do I put the picture into my slides?"
#
# Like this:

# %%
folder = Path(tempfile.mkdtemp())  # take a folder of your own
x, w, b = gn.scalar(2.0, "x"), gn.scalar(-0.5, "w"), gn.scalar(0.25, "b")
run = gn.trace(gn.tanh((x * w + b).named("total")).named("y"))
picture = viz.draw(run, slide="16:9", title="A neuron and its gradients")
picture.save(folder / "neuron.pdf")  # for LaTeX: \includegraphics{neuron.pdf}
picture.save(folder / "neuron.svg")  # for slide programs and web pages
picture.save(folder / "neuron.png")  # where only pixels are accepted
picture

# %% [markdown]
# The ending of the file name chooses the format. `slide="16:9"` gives the picture the form of the slide, so that you need not scale it.
#
# > PDF and SVG hold lines and letters, PNG holds pixels. Which of the three can be made larger without getting blurred?
#
# The files, and all formats that there are:

# %%
for ending in ("pdf", "svg", "png", "tex", "html", "dot", "mmd", "json", "md", "csv", "txt"):
    made = picture.save(folder / f"neuron.{ending}")
    print(f"{made.name:12} {made.stat().st_size:7} bytes   begins with {made.read_bytes()[:14]!r}")

# %% [markdown]
# Some are for special uses: `.tex` is TikZ, whose labels you can edit; `.html` is one page in which one can move, zoom and search; `.md` and `.txt`
# are for readers who cannot see the picture:

# %%
print(picture.text)

# %% [markdown]
# ## What it says: views
#
# A **view** decides what stands in the boxes and on the wires. There are many, and a `+` joins them.

# %%
for name, view in viz.VIEWS.items():
    print(f"{name:12} {view.words}")

# %% [markdown]
# > Which two views will show what every node holds, and how every part of a gradient came about as a product?

# %%
viz.draw(run, view="values+ledger", direction="TB", width=390)

# %% [markdown]
# Take few. A picture with all that can be said says nothing to the last row. A view that needs numbers asks for a run:

# %%
p = gn.input("p", (), "float64")
try:
    viz.draw(gn.Graph(gn.tanh(p * p)), view="values")
except ValueError as error:
    print(error)

# %% [markdown]
# ## How much of it: folding
#
# A net of ten layers has many nodes. Layers are **scopes**, groups with a name, and a scope can be folded into one box.

# %%
rows = gn.input("x", ("batch", 8), "float64")
net = gn.nn.Sequential([gn.nn.Dense(8, gn.tanh) for _ in range(10)], seed=1)
deep = gn.Graph(net(rows))
print("nodes:", len(deep.nodes))
for depth in (1, 2, 99):
    print("depth", depth, "gives", viz.draw(deep, depth=depth, repeats=False))

# %% [markdown]
# `depth=1` folds the outermost scopes, `depth=2` the layers inside them, and so on. (`repeats=False` asks for every layer; without it
# neighbours that are alike are drawn once, with their count.)

# %%
viz.draw(deep, depth=2, direction="TB")

# %% [markdown]
# `unfold=` opens one of them, `focus=` shows only what stands around a node, at most `reach` wires away.

# %%
viz.draw(deep, depth=2, unfold="dense5", hide="broadcasts", direction="TB", repeats=False)

# %%
fifth = [node for node in deep.nodes if node.op.name == "tanh"][4]
viz.draw(deep, focus=fifth, reach=2, depth=99, hide="broadcasts", direction="TB")

# %% [markdown]
# ## Where it hangs: direction, width, slide, page
#
# `direction="LR"` runs to the right, which suits a slide; `"TB"` runs downwards, which suits a page or a phone. `width=390` is the width of a
# phone. On a slide the direction that comes out larger is taken.
#
# > What should the library do, if we force all nodes of the deep net onto one slide?

# %%
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    viz.draw(deep, slide="16:9", depth=99).save(folder / "crowded.svg")
for warning in said:
    print(warning.message)

# %% [markdown]
# It does as you say, and warns you. Without `depth=99` it folds by itself, until the text is large enough:

# %%
viz.draw(deep, slide="16:9", title="Ten layers")

# %% [markdown]
# On paper there may be several pages.

# %%
paper = viz.draw(deep, page="a4", hide="broadcasts")
print("pages:", len(paper.sheets), " direction:", paper.direction)

# %% [markdown]
# ## For which eyes: themes
#
# `"light"`, `"dark"` for dark slides, `"print"` for grey printers, `"contrast"` for weak eyes and weak projectors.

# %%
viz.draw(run, theme="dark", direction="TB", width=390)

# %% [markdown]
# > In the theme `print` there is no colour. How will the picture say that a gradient is negative?

# %%
viz.draw(run, theme="print", direction="TB", width=390)

# %% [markdown]
# By the dashes of the wire, which the legend explains. Whatever colour says, something else says too.
#
# ## Things that move
#
# `viz.frames` gives the pictures of a run step by step, all in one layout, so that nothing jumps.

# %%
c = (gn.scalar(2.0, "a") * gn.scalar(-3.0, "b")).named("c")
film = viz.frames(gn.trace(c))
for number, caption in enumerate(film.captions, 1):
    print(number, caption)

# %%
film[-1]

# %% [markdown]
# It saves itself for every kind of lecture: an animation, a PDF with a page a step, overlays for Beamer (the slides of LaTeX), or one page
# with a slider and arrow keys.

# %%
for name in ("film.gif", "film.pdf", "film.tex", "film.html"):
    print(film.save(folder / name, **({"width": 390} if name.endswith("gif") else {}))[0].name, end="  ")

# %% [markdown]
# `viz.player` shows that page here. Use the buttons.

# %%
viz.player(gn.trace(c), direction="TB")

# %% [markdown]
# ## Questions for the class
#
# `viz.quiz` blanks some numbers, and only such as follow from those that are left. The key has them, with the way to each.

# %%
quiz = viz.quiz(run, seed=3, blanks=3, direction="TB", width=390)
quiz.save(folder / "sheet.pdf", key=folder / "key.pdf")
quiz.sheet

# %% [markdown]
# > Fill in the blanks on paper. Then look at the key.

# %%
quiz.key

# %% [markdown]
# Another `seed` gives another sheet. `quiz.check` marks answers, and tells a slip from what only follows from it:

# %%
given = dict.fromkeys(quiz.solution, 1.0)
print(quiz.check(given))

# %% [markdown]
# ## Pictures of mistakes
#
# Students learn much from a wrong way that is shown beside the right one. Both are computed, and what differs is marked.

# %%
for name, words in viz.WRONG_WAYS.items():
    print(f"{name:13} {words}")

# %%
viz.wrong_way("overwrite", direction="TB")

# %% [markdown]
# ## Before and after
#
# `viz.diff` shows what has changed between two graphs, or between two runs: the values and gradients that moved.

# %%
v = gn.scalar(0.5, "v")
y = gn.tanh(v * 3.0).named("y")
before = gn.trace(y)
v.value = 1.5
viz.diff(before, gn.trace(y), direction="TB")

# %% [markdown]
# ## Without Python
#
# A graph or a model in a file can be drawn from the command line. In a terminal you write:
#
# ```sh
# graphnn draw neuron.json --view values+ledger --slide 16:9 -o neuron.pdf
# ```
#
# From this lesson it is the same command with Python before it.

# %%
gn.io.save_graph(run.graph, folder / "neuron.json")
files = [str(folder / "neuron.json"), "-o", str(folder / "ledger.pdf")]
command = ["graphnn", "draw", *files, "--view", "values+ledger", "--slide", "16:9"]
done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=True)
print(done.stdout.replace(str(folder), "folder"))

# %% [markdown]
# Without `-o` it prints the graph as a tree, as `picture.text` did. `graphnn frames`, `graphnn quiz` and `graphnn wrong-way` are the commands
# for films, quizzes and wrong ways.
#
# **What to keep:** first ask what the picture is to show, then take one view, fold the rest, fit it to its slide, and save it as PDF or SVG.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** Which text for `view=` shows how each contribution came about (upstream × local), and marks what vanishes or is dead?

# %%
answer = ...
gn.learn.check("25-1", answer)

# %% [markdown]
# **2.** The deep net of this lesson shall go onto a 16:9 slide. All layers are folded but `dense3`, which stands open, and the text can be read
# (no warning). Answer with the settings as a dictionary, such as `{"width": 390}`; they are given to `viz.draw(deep, **answer)`.

# %%
answer = ...
gn.learn.check("25-2", answer)

# %% [markdown]
# **3.** `y = gn.tanh(a * b + a)`. How many pictures has `viz.frames(gn.trace(y), phases="forward")`?

# %%
answer = ...
gn.learn.check("25-3", answer)

# %% [markdown]
# **4.** A student's program finds for x · x at x = 3 the gradient 3. Which of the names in `viz.WRONG_WAYS` is it?

# %%
answer = ...
gn.learn.check("25-4", answer)

# %% [markdown]
# **5.** Write the command for the terminal, as a text, that draws `net.json` with its outermost scopes folded, for a 16:9 slide, into
# `net.pdf`.

# %%
answer = ...
gn.learn.check("25-5", answer)
