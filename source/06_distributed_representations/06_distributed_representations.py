# ---
# jupyter:
#   course:
#     title: Distributed representations
#     minutes: 160
#     promise: From counting words to word vectors that share what they know, and what to believe of them
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Distributed representations
#
# Nobody has ever read the sentence "my neighbour's parrot refuses to discuss tax law" before, and yet you knew after
# "discuss" that a noun was coming, and which kinds of noun would be odd. A table of everything that was ever said
# can't know that: it has no row for what was never said. In this lecture you build such tables, watch them fail on
# what is new, and then build a network that doesn't, because it keeps what it knows about a word not in one place but
# in a vector, of which every number is shared with other words.
#
# Afterwards you can combine evidence with Bayes' rule for signals of any length; build, smooth and rate a model that
# predicts the next word from counts, and say why it fails on unseen contexts; write and train a neural language model
# and show what it shares; derive GloVe, which gets word vectors by factoring a table of counts; and ask word vectors
# for neighbours and analogies without believing too much of the answers. It takes about 160 minutes, of which
# 107 are yours: eight exercises and two questions. A good place for a break is before *GloVe*.

# %% setup=true
from collections import Counter
from itertools import pairwise

import numpy as np
import torch

from course import check, data
from course.demos import distributed_representations as demos
from course.figure import BLUE, DASH, GREEN, GREY, INK, MARKER, ORANGE, PURPLE, label_line, panels, show, until_written

torch.set_num_threads(1)  # the nets here are tiny, and train fastest on one

# %% [markdown] covers="06.01 06.02 06.03"
# ## Speech, and why we need a language model
#
# Say "recognise speech" aloud, quickly. Now say "wreck a nice beach". A machine that listens gets an acoustic signal
# $a$ and must infer the sentence $s$ behind it, and the sound alone can't decide. Since the 1970s this has been
# treated as inference. One model, the **observation model**, says how likely a sentence is to sound like this,
# $\Pr(a \mid s)$. Another, the **prior**, says how likely anybody is to say such a thing at all, $\Pr(s)$. **Bayes'
# rule** combines them into the **posterior**, the probability of each sentence given the sound:
#
# $$\Pr(s \mid a) = \frac{\Pr(s)\,\Pr(a \mid s)}{\sum_{s'} \Pr(s')\,\Pr(a \mid s')} .$$
#
# The denominator is the same for all candidates; it only makes the posterior sum to one. In numbers: if the sound
# fits "wreck a nice beach" twice as well, but people say "recognise speech" a hundred times as often, the products
# stand as 2 to 100, and the posterior is $2/102$ against $100/102$. A model of $\Pr(s)$ is called a **language
# model**, and learning one, a distribution over sentences, is what this lecture is about. What follows does not care
# for sound: translation, spelling correction and chatting use the same prior.
#
# There is one trap. A second of speech is a hundred frames or so, each with a factor of its own, so that
# $\Pr(a \mid s)$ is a product of very many small numbers. Let's see what a computer makes of a log-likelihood of
# $-1200$:

# %%
print("exp(-1200) =", np.exp(-1200.0))
print("the least positive number of this kind:", np.nextafter(0.0, 1.0))

# %% [markdown]
# Every candidate gets 0, and $0/0$ follows. So one works with logarithms: the product becomes a sum,
# $z_s = \log\Pr(a \mid s) + \log\Pr(s)$, and the posterior is $e^{z_s}/\sum_{s'} e^{z_{s'}}$, the softmax of lecture
# 02 with the old remedy. Subtracting the same $m$ from all scores multiplies numerator and denominator by $e^{-m}$,
# which cancels. With $m$ the largest score, the largest term is $e^0 = 1$, and nothing that matters underflows. In
# the same way the logarithm of a sum of tiny numbers is $\log\sum_s e^{z_s} = m + \log\sum_s e^{z_s - m}$, which is
# called **log-sum-exp**.

# %% [markdown]
# ### Exercise: bayes_posterior (1 point, 6 minutes)
# `log_likelihood` and `log_prior` are arrays (S,) for $S$ candidates. Return the posterior (S,). The scores may lie
# near $-100\,000$, for long signals, or near $+800$: the density of a continuous signal may well be larger than 1. A
# log-prior of $-\infty$ marks an impossible sentence; its posterior is exactly 0. A posterior of $10^{-26}$ should
# come out as such, not as 0 or $10^{-8}$.

# %% exercise="bayes_posterior"

# %% [markdown]
# Five candidates for one signal, with made-up scores. The first panel is what the sound alone would say (all five
# taken as equally likely), the second what the language model alone would say, the third is your posterior. Guess
# first: which candidate wins in each?

# %%
with until_written(bayes_posterior):
    candidates = {
        "recognise speech": (-1203.0, -14.2),
        "wreck a nice beach": (-1201.5, -19.0),
        "wreck an ice beach": (-1201.9, -25.3),
        "recognise peach": (-1203.9, -17.4),
        "reckon ice beach": (-1202.2, -27.5),
    }
    log_likelihood, log_prior = np.array(list(candidates.values())).T
    equal = np.zeros(5)
    figure, axes = panels(3, width=2.5, height=2.2, sharey=True)
    for ax, title, p, colour in (
        (axes[0], "sound alone", bayes_posterior(log_likelihood, equal), GREY),
        (axes[1], "prior alone", bayes_posterior(equal, log_prior), PURPLE),
        (axes[2], "posterior", bayes_posterior(log_likelihood, log_prior), BLUE),
    ):
        bars = ax.barh(list(candidates), p, color=colour)
        ax.bar_label(bars, [f"{value:.2g}" for value in p], padding=3, fontsize=8)
        ax.set(title=title, xlim=(0, 1.3), xticks=(0, 0.5, 1), xlabel="probability")
    axes[0].invert_yaxis()
    show(
        figure,
        alt="What the sound alone, the prior alone and both together say of five candidate sentences.",
    )

# %% [markdown]
# By its sound "wreck a nice beach" wins. The posterior goes to "recognise speech", which fits the sound less than a
# quarter as well but is said more than a hundred times as often. But where does $\Pr(s)$ come from? There are more
# sentences than atoms, and most have never been said.

# %% [markdown] covers="06.04 06.05 06.06 06.07 E06-memoryless"
# ## Predicting the next word
#
# Write a sentence as its words, $s = (w_1, \dots, w_T)$. The **chain rule** of probability holds for any distribution:
#
# $$\Pr(w_1, \dots, w_T) = \Pr(w_1)\,\Pr(w_2 \mid w_1)\,\Pr(w_3 \mid w_1, w_2)\cdots\Pr(w_T \mid w_1, \dots, w_{T-1}) .$$
#
# So modelling sentences and **predicting the next word** are the same problem. A model that predicts each element
# from the earlier ones is called **autoregressive**. It is fitted by **maximum likelihood**: given independent
# sentences $s^{(i)}$, make $\prod_i \Pr(s^{(i)})$ large, in practice the sum $\sum_i \log\Pr(s^{(i)})$, which the
# chain rule turns into one term for each word.
#
# Nothing is gained yet, since the last factor still depends on everything before. The **Markov assumption** cuts it
# off: the next word depends on the last few alone, say the last three, $\Pr(w_t \mid w_{t-3}, w_{t-2}, w_{t-1})$. Such
# a model is also called *memoryless*, since beyond its window it remembers nothing. Mind that *autoregressive* and
# *memoryless* are not the same: autoregressive says what is predicted from what, and a recurrent network (lecture 12)
# is autoregressive with a memory that has no such end. Andrei Markov himself counted 20 000 letters of Pushkin's
# *Eugene Onegin* in 1913, to see how much the next letter depends on the last.

# %% [markdown] covers="06.08 06.09 E06-ngram-order"
# With a window the conditional probabilities fit into a table, and the best table in the sense of maximum likelihood
# is simply what was counted:
#
# $$\Pr(\text{cat} \mid \text{the fat}) \approx \frac{\operatorname{count}(\text{the fat cat})}{\operatorname{count}(\text{the fat})} .$$
#
# To see why, look at one row. Say that its context is followed $n_j$ times by word $j$ and $n$ times in all; the
# shares are $p_j = n_j/n$. A row of probabilities $q_j$ adds $\sum_j n_j\log q_j = n\sum_j p_j\log q_j$ to the
# log-likelihood. Since $\log x \le x - 1$ (the right side is the tangent at $x = 1$, and the logarithm bends down from
# it),
#
# $$\sum_j p_j\log q_j - \sum_j p_j\log p_j = \sum_j p_j\log\frac{q_j}{p_j}
#   \le \sum_j p_j\Big(\frac{q_j}{p_j} - 1\Big) = \sum_j q_j - 1 \le 0 ,$$
#
# with all sums over the words that did follow. So no row does better than $q_j = p_j$, the counts divided by their
# sum.
#
# Take the text *the fat cat saw the fat dog and the fat cat ran from the fat*. "The fat" is followed by a word three
# times, twice by "cat", so the estimate is $\frac23$. The last "the fat" has no successor: it is the beginning of no
# triple, so it must not be counted below either, or the row would sum to $\frac34$. These are **n-grams**, and the
# $n$ counts all words, the predicted one included: pairs are bigrams with one word of context, triples are trigrams
# with two, and three words of context make a 4-gram. Claude Shannon drew text from such tables by hand, with a book
# and a pencil, in 1948.

# %% [markdown] covers="06.10 06.11"
# How long should the context be? A longer one knows more. But a table for $n$-grams of $V$ words has $V^n$ entries:
# with 500 words and $n = 3$ that is 125 million, and nearly all of them are never seen. This is the **sparsity** of
# data. We measure it on two texts. One is a **toy language** of our own: each sentence draws one of four topics and
# then reads like "the adjective noun verb adjective noun .", all words but the first drawn uniformly from those of
# the topic. It has 323 words, and as we made it we know all that can be known about it. The other is the help text
# that comes with every Python, 64 000 words of documentation, in which we keep the 499 most frequent words and write
# `<rare>` for the others. Of the $n$-grams in the last tenth of each text, how many never occur in the first nine tenths?

# %%
tokens, vocabulary = data.toy_language(1667, seed=0)
print("the toy language:", " ".join(vocabulary[word] for word in tokens[:14]))
help_tokens, help_vocabulary = data.topics_corpus(500)
print("Python's help:   ", " ".join(help_vocabulary[word] for word in help_tokens[:21]))


def ngrams(text, n):
    """All runs of n words, as tuples."""
    return list(zip(*[text[k : len(text) - n + 1 + k].tolist() for k in range(n)], strict=True))


for name, text in (("the toy language", tokens), ("Python's help", help_tokens)):
    cut = len(text) * 9 // 10
    for n in (2, 3, 4):
        known = set(ngrams(text[:cut], n))
        unseen = np.mean([gram not in known for gram in ngrams(text[cut:], n)])
        print(f"{name}: {unseen:.0%} of the {n}-grams in the test part were never seen")

# %% [markdown]
# With three words of context at least four in five $n$-grams are new, and for what is new the table says $0$ or $0/0$.
# A single zero makes the whole test text impossible. Remedies have been sought for decades. A shorter context forgets.
# **Ensembles** of different $n$ fall back from long contexts to short ones. And **smoothing** pretends to have seen
# each possible successor $\alpha$ times more than it was:
#
# $$P_{ij} = \frac{\operatorname{count}(i\,j) + \alpha}{\operatorname{count}(i\,\cdot) + \alpha V} .$$
#
# The $\alpha V$ keeps rows at a sum of one. With $\alpha = 1$ this is Pierre-Simon Laplace's rule of succession,
# of the 18th century.

# %% [markdown]
# ### Exercise: bigram_probabilities (2 points, 10 minutes)
# `tokens` is an array (T,) of word numbers from 0 to `vocab_size` $- 1$; it may be empty. Return the table above,
# $V \times V$, row $i$ for the word before. Below the line, count how often $i$ is *the first of a pair*. A row with
# nothing to go on, $0/0$, is uniform. Beware of `C[a, b] += 1` with arrays `a` and `b`: what happens if a pair occurs
# twice in them?

# %% exercise="bigram_probabilities"

# %% [markdown]
# How good is a table? It should give high probability to text that it has not seen. The mean of $-\log P$ over the
# words of a test text is its **cross-entropy**, in nats a word. No model can do better on average than the *entropy*
# of the language, the mean of $-\sum_j p_j\log p_j$ over the contexts, where $p_j$ are now the true probabilities of
# the next word. This is the inequality above once more: $-\sum_j p_j\log q_j$ is least for $q = p$. Often one reports
# the exponential of the cross-entropy, the **perplexity**. A model that spreads its belief evenly over $V$ words has
# $-\log\frac1V = \log V$ nats and so the perplexity $V$. A perplexity of 40 thus means: as uncertain as if there were
# 40 equally likely words each time.

# %% [markdown]
# ### Exercise: sequence_perplexity (1 point, 6 minutes)
# `P` is a table as above, `tokens` (T,) a text of at least two words. Return the perplexity of `tokens[1:]`, each
# word given the one before it, as a float. The first word is not predicted by anything. If one of the probabilities
# is zero the perplexity is infinite. The text may have thousands of words.

# %% exercise="sequence_perplexity"

# %% [markdown]
# Now both texts, with contexts of no word, one word (your table) and two words, against $\alpha$. Two questions to
# decide before you look. Which context length wins? And to which value would all curves go, were $\alpha$ to grow on
# and on?


# %%
def ngram_perplexity(train, test, n, vocab_size, alphas):
    """Of a table for n-grams, for each alpha."""
    grams, asked = ngrams(train, n), ngrams(test, n)
    counts, contexts = Counter(grams), Counter(gram[:-1] for gram in grams)
    above = np.array([counts[gram] for gram in asked])
    below = np.array([contexts[gram[:-1]] for gram in asked])
    return [np.exp(np.mean(np.log(below + alpha * vocab_size) - np.log(above + alpha))) for alpha in alphas]


with until_written(bigram_probabilities, sequence_perplexity):
    alphas = np.logspace(-3, 1.5, 10)
    figure, axes = panels(2, width=3.5, sharey=True)
    for ax, name, text, V in (
        (axes[0], "the toy language", tokens, 323),
        (axes[1], "Python's help", help_tokens, 500),
    ):
        cut = len(text) * 9 // 10
        train, test = text[:cut], text[cut:]
        yours = [sequence_perplexity(bigram_probabilities(train, V, alpha), test) for alpha in alphas]
        ax.set(title=name, xscale="log", yscale="log", xlim=(1e-3, 200), ylim=(25, 700), xlabel="imaginary counts α")
        for label, values, colour, dy in (
            ("no word", ngram_perplexity(train, test, 1, V, alphas), GREY, -5),
            ("one word", yours, BLUE, 3),
            ("two words", ngram_perplexity(train, test, 3, V, alphas), PURPLE, 9),
        ):
            line = ax.plot(alphas, values, color=colour, ls=DASH[colour], marker=MARKER[colour])[0]
            label_line(ax, line, label, dy=dy)
        ax.axhline(V, color=GREY, lw=1)
        ax.set(xticks=(1e-3, 1e-2, 1e-1, 1, 10), xticklabels=("0.001", "0.01", "0.1", "1", "10"))
        print(f"{name}: best with one word of context {min(yours):.0f}, at α = {alphas[np.argmin(yours)]:.2g}")
    axes[0].axhline(np.exp(2.635), color=GREEN, ls=DASH[GREEN], lw=1)
    axes[0].text(1.3e-3, 14.6, "entropy of the language", color=GREEN, fontsize=8)
    for ax, V in zip(axes, (323, 500), strict=True):
        ax.text(1.3e-3, 1.06 * V, "uniform", color=GREY, fontsize=8)
    axes[0].set(ylim=(11, 700), ylabel="perplexity on unseen text")
    axes[0].set_yticks([], minor=True)
    axes[0].set_yticks((14, 30, 100, 300), ("14", "30", "100", "300"))
    show(
        figure,
        alt="Perplexity against alpha for three context lengths on two texts; too little and too much smoothing both hurt.",
    )

# %% [markdown]
# One word of context wins on both texts. Two words would know more, but the table of triples has seen too few of them
# for that to pay. With a context each curve has its best $\alpha$: with too little, unseen pairs cost dearly; with too
# much, the imaginary counts outweigh the real ones, and each row goes to the uniform model, the grey line at $V$. Rows
# of few counts are there first, those after two words. Without a context there is one row with all that was counted,
# 10 500 words of the toy language; at the right end it meets $30 \cdot 323 \approx 10\,000$ imaginary ones, and only
# begins to rise.
#
# The dotted line is the entropy of the toy language, $e^{2.635} \approx 14$ as a perplexity: what a model could reach
# that knew the language and looked at three words. The tables are far from it, and no choice of $\alpha$ takes them
# there.
#
# Draw text from your own table. The left panel shows words drawn one after the other, each from the row of the one
# before; the right panel, the row of the current word. Try no smoothing, then far too much. What does the text gain
# and what does it lose?

# %%
demos.babble(bigram_probabilities)

# %% [markdown]
# Without smoothing every pair in the text has been seen before, so it reads well for two words at a time, and yet the
# perplexity on unseen text is infinite. With $\alpha = 10$ most of each row goes to words that never followed, and
# the text is noise. And in between? Look for the shape of a sentence. The table of pairs has no idea whether a noun was
# the first of its sentence or the second, so some sentences end too early and others run on and on.

# %% [markdown] covers="06.12 06.13 06.14"
# ## Local and distributed
#
# Look at what a table does when it reads. "The salty soup" adds 1 to one entry, that of *soup* in the row of *salty*.
# Nothing else changes. The entry for *salty broth* learns nothing from it, nor does *hot soup*. All that the table
# knows about a word sits in one row, apart from all others. Such a representation is called **local** (or localist).
#
# Now suppose that we describe each word by attributes instead, as in the table below, on the left: is it a noun, is
# it about the kitchen, about the harbour? And suppose the next word is predicted from the *attributes* of the last
# ones. Then "salty soup" teaches something about adjectives and nouns in general, and about the kitchen in
# particular, and all words with those attributes have learned it. What a word is, is spread over many numbers, and
# each number is shared by many words: the representation is **distributed**. Geoffrey Hinton showed in 1986 that a
# network can find such attributes by itself, for the members of two families.
#
# On the right such a prediction is taken apart. After "the salty", the attribute *adjective* of the last word asks
# for a noun, and *harbour* asks for the harbour. Assume that "salty gull" has never been seen. What does its bar
# depend on?

# %%
words = ("the", "salty", "ferry", "gull", "sails", "hot", "soup", "spoon")
attributes = ("article", "adjective", "noun", "verb", "harbour", "kitchen")
table = np.zeros((8, 6))
for row, has in enumerate(((0,), (1, 4), (2, 4), (2, 4), (3, 4), (1, 5), (2, 5), (2, 5))):
    table[row, list(has)] = 1
figure, (left, right) = panels(2, width=3.7, height=2.8)
left.imshow(table, cmap="Blues", vmin=0, vmax=1.6, aspect="auto")
left.set_xticks(range(6), attributes, rotation=40, ha="right")
left.set(yticks=range(8), yticklabels=words)
left.tick_params(length=0)
for row, column in np.argwhere(table):
    left.text(column, row, "1", ha="center", va="center", fontsize=8, color=INK)
after_adjective = table[:, 2] * 2.0  # an adjective is followed by a noun
after_harbour = table[:, 4] * 1.2  # the topic stays
right.barh(range(8), after_adjective, color=BLUE)
right.barh(range(8), after_harbour, left=after_adjective, color=PURPLE, hatch="//", edgecolor="white")
right.set(yticks=range(8), yticklabels=words, xlim=(0, 4.3), xlabel="score as the next word after “the salty”")
right.invert_yaxis()
right.text(0.05, 0, "“adjective”: then a noun", color=BLUE, va="center", fontsize=8)
right.text(2.12, 0, "“harbour”: stay there", color=PURPLE, va="center", fontsize=8)
show(
    figure,
    alt="Left, eight words by six attributes; right, the score of each of them as the next word, in a bar of up to two parts.",
)

# %% [markdown]
# Not on anything that was ever said of *gull* after *salty*. It gets the score of *ferry*, since it has the same
# attributes. Eight words with six attributes save little, but ten thousand words with fifty attributes do: for two
# words of context a table has $10^8$ rows, while the attributes of all words are half a million numbers. All that is
# missing is somebody who fills them in. Nobody will: we learn them.

# %% [markdown] covers="06.15 06.18 06.19 E06-row-column-embedding"
# ## A neural language model
#
# Give each of the $V$ words a vector of $E$ numbers, its **embedding** (also *feature vector*, or *encoding*). The
# embeddings are the rows of a matrix $C$ of shape $V \times E$, and they are parameters like any others. From the $n$
# words before, the network predicts the next one:
#
# $$x = (c_{w_{t-n}}, \dots, c_{w_{t-1}}), \qquad h = \tanh(W x + b), \qquad z = U h + d, \qquad
#   \Pr(w_t = v \mid \text{context}) = \operatorname{softmax}(z)_v .$$
#
# The vectors of the context are put side by side, oldest first, so $x$ has $nE$ numbers; $W$ is $H \times nE$, and
# $U$ is $V \times H$. Yoshua Bengio and colleagues published this model in 2003, for 17 000 words, trained for weeks.
#
# Looking a row up seems to be a new kind of layer, but it isn't. Write word $i$ as a **one-hot** vector $e_i$, zero
# everywhere but for a 1 at place $i$. Then $e_i^\top C$ is row $i$ of $C$: each row is multiplied by 0 but for the
# $i$-th. In numbers, $(0\;1\;0)\begin{pmatrix}1&2\\3&4\\5&6\end{pmatrix} = (3\;4)$. So an embedding is a linear layer
# on one-hot inputs, and the look-up only saves us from multiplying by zeros. Books differ in the layout: with columns
# as inputs they put the matrix in front of $e_i$, which picks a *column*, and their matrix is our $C^\top$. Libraries,
# and this course, keep an embedding in a row (`torch.nn.Embedding`).
#
# One table serves all positions. It would be possible to have one each, but "soup" means the same in the first place
# and in the third, and what is learned in one place is then known in all. Weights that are used in several places are
# called **tied**. The gradient of a tied weight is the sum over its places, as the multivariate chain rule has it; a
# word that occurs twice in a context gets two contributions.

# %% [markdown] covers="06.16 E06-index-clash"
# It is trained by maximum likelihood, as a table is. Let $y_{tv}$ be the probability that the network gives to word
# $v$ at place $t$, and let $o_{tv}$ be 1 if word $v$ stands there and 0 if not, the one-hot target. The cross-entropy
#
# $$-\sum_t \sum_v o_{tv} \log y_{tv} = -\sum_t \log y_{t\,w_t}$$
#
# is the negative log-likelihood of the text, since of each inner sum one term is left. (From here on $t$ is a place in
# the text, $v$ and $i, j$ are words, $n$ is the length of the context, where the $n$ of *n-gram* counted the predicted
# word too, and $V$ is the number of words. Many texts use one letter for two of these.)

# %% [markdown] covers="06.17"
# Here is the whole network with its shapes. Which of the three matrices has the most parameters, if $V = 323$,
# $n = 3$, $E = 8$ and $H = 24$?

# %%
figure, ax = panels(width=7.4, height=3.3)


def box(x, y, text, colour):
    """A layer, centred at x."""
    look = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": colour, "linewidth": 1.5}
    ax.text(x, y, text, ha="center", va="center", fontsize=8.5, color=INK, bbox=look, zorder=2)


def wire(start, end, text="", dx=0.12, colour=GREY):
    ax.annotate(
        "", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "shrinkA": 11, "shrinkB": 11}, zorder=1
    )
    ax.text((start[0] + end[0]) / 2 + dx, (start[1] + end[1]) / 2, text, fontsize=8, color=colour, va="center")


for place in range(3):
    x = 1.0 + 2.2 * place
    box(x, 0, f"word {'t − 3,t − 2,t − 1'.split(',')[place]}, one-hot (V)", INK)
    box(x, 1, "embedding (E)", BLUE)
    wire((x, 0), (x, 1), "C" if place else "C, one table for all", colour=BLUE)
    wire((x, 1), (3.2 + 0.3 * (place - 1), 1.9))
box(3.2, 2, "tanh layer (H)", BLUE)
box(3.2, 3, "logits (V), softmax: the word at t", BLUE)
ax.text(3.3, 1.4, "W (H × nE)", fontsize=8, color=GREY)
wire((3.2, 2), (3.2, 3), "U (V × H)")
ax.set(xlim=(-0.3, 6.7), ylim=(-0.4, 3.4))
ax.axis("off")
show(
    figure,
    alt="Three one-hot words pass through one shared table; their embeddings, side by side, feed a tanh layer, and that the logits.",
)

# %% [markdown]
# The last one: $U$ has $323 \cdot 24 = 7752$ numbers, $C$ has $323 \cdot 8 = 2584$ and $W$ has $24 \cdot 24 = 576$.
# The table of 4-grams would have $323^4 \approx 10^{10}$.

# %% [markdown]
# ### Exercise: NeuralLM (3 points, 12 minutes)
# Write the network as a `torch.nn.Module`: `NeuralLM(vocab_size, context, embed_dim, hidden)`, whose `forward` takes
# `contexts`, an int64 tensor (N, context), oldest word first, and returns *logits* (N, vocab_size). So that the check
# can copy its numbers in, the parameters must have these names: `embedding.weight` (V, E), `hidden.weight` (H,
# context · E), `hidden.bias`, `output.weight` (V, H), `output.bias`; an `Embedding` and two `Linear` with the names
# `embedding`, `hidden` and `output` have them. When you flatten (N, context, E) to (N, context · E), the numbers of
# one word must stay together. Don't force a dtype: the check works in float64.

# %% exercise="NeuralLM"

# %% [markdown]
# Below, *your* network learns the toy language. Each point is a word, placed by the two directions in which the
# embeddings vary most around their mean at the end (their principal components), on the left coloured by its word
# class, in the middle by its topic. The network is told neither: it sees word numbers, and tries to predict the next.
# (The first picture takes a second or two, for the training. The embeddings start small and are drawn a little to
# zero, so that what stands out was learned.) Let it run. Which of the two does it find out first, class or topic? And
# why in this order?

# %%
demos.embedding_map(NeuralLM)

# %% [markdown]
# The word classes come first, within the first epoch, while the topics still lie in one heap. This is where most is to
# be won: whoever knew the class of the next word and nothing else would pay $(\log 2 + 3\log 80 + 2\log 160)/7 = 3.43$
# nats a word instead of $\log 323 = 5.78$, and the curve on the right falls steeply to about there. The topic is worth
# another 0.8 nats, and takes longer. Follow the adjectives alone, or the verbs alone: they gather by topic, and at the
# end nearly all of them are nearest to the centre of their own group among twelve, three classes times four topics.
# The nouns overlap in the plane to the end, but in all eight dimensions most of them are nearest to their own centre,
# too. And no label was ever given.
#
# Why should it be so? Because the words of a group can stand for each other: they are followed by the same words, so
# the same direction lowers the loss for all of them. And what was learned for one holds for its neighbours.

# %% [markdown]
# ### Exercise: train_neural_lm (3 points, 15 minutes)
# Now you train. `contexts` (N, 3) and `targets` (N,) are int64 arrays, `test_contexts` (M, 3) too. Train a model on
# the pairs, and return an array (M, V) of *log*-probabilities: row $m$ for all words after test context $m$, so that
# the exponentials of each row sum to 1. `seed` is for what you draw at random. Any optimiser will do, and any model
# of all three words, your `NeuralLM` or another. Asked for is a mean log-probability of at least $-3.15$ on words
# that you don't see, that is, a cross-entropy of at most 3.15 nats a word, when trained on 1500 sentences; the
# entropy of the language is 2.635, and the best bigram table stops at about 3.8. A network that looks at the last
# word alone may come near 3.1, for it shares too. But where in its sentence a noun stands, it will never know, so it
# isn't accepted.
#
# Some thoughts. Adam with minibatches gets there in one or two seconds. Watch your training loss, and hold out a part
# of the training pairs to see what happens on words that the network was not trained on: with 10 500 pairs you can
# train too short, and also too long, until the network knows each pair by heart.

# %% exercise="train_neural_lm"

# %% [markdown]
# ### Question: an unseen phrase (2 points, 8 minutes)
# A trigram model and a neural model see "a green heron" for the first time. "Green frog" and "small heron" occurred
# in the training text. Explain what each of the two predicts next, and why.

# %% [markdown] written="unseen_phrase" points=2
# ### BEGIN MARK SCHEME
# - 1 point: the trigram table has no entry for the context "green heron", so it has nothing but the smoothing: uniform, or what a
#   fallback to "heron" alone says; that "small heron" was followed by something is of no use to it.
# - 1 point: the embeddings of "green" and "heron" were learned in other contexts (green frog, small heron) and combine: the
#   hidden layer gets a point close to those of seen contexts with similar words, and predicts what followed there.
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# To predict the word after "a green heron" a trigram table looks up the row of "green heron". The row is empty, so
# with smoothing the prediction is uniform over all words, or, with a fallback, that of the bigram row of "heron". What
# the text said of green frogs and small herons stands in other rows, which are not consulted.
#
# The neural model has an embedding for each of the words. That of "green" was formed by all contexts with "green",
# among them "green frog", and has come to lie near other adjectives; that of "heron" by "small heron" and others, near
# other animals. Put side by side they make an input close to the inputs "small heron" and "green frog", so the hidden
# layer gives nearly the same values and the prediction is much like what followed those: perhaps a verb that animals
# do. It generalises because the parameters are shared.
# ### END SOLUTION

# %% [markdown]
# ## Better than counting
#
# To compare, look at the words of a test text by how often their context of three words occurred in training: never,
# once, or more often. Some places are harder than others for any model (after "the" 80 adjectives are possible, at
# the end of a sentence there is one choice), and contexts like *noun . the* are both the hardest and among the most
# often repeated. So we subtract at each place the entropy that the language has there, which nobody can beat: what is
# left is what a model loses by not knowing better. For contexts never seen, what do you expect from the table of
# 4-grams, from the bigrams, from the network?

# %%
with until_written(train_neural_lm, bigram_probabilities):
    training_text = data.toy_language(1500, seed=0)[0]
    contexts, targets = data.contexts_and_targets(training_text)
    test_contexts, test_targets = data.contexts_and_targets(data.toy_language(400, seed=1)[0])
    rows = np.arange(len(test_targets))
    log_p = train_neural_lm(contexts, targets, test_contexts, 323, seed=0)
    pairs = bigram_probabilities(training_text, 323, 0.03)
    grams, starts = (
        Counter(zip(*contexts.T.tolist(), targets.tolist(), strict=True)),
        Counter(map(tuple, contexts.tolist())),
    )
    seen = np.array([starts[tuple(context)] for context in test_contexts.tolist()])
    fours = np.array(
        [grams[*context, word] for context, word in zip(test_contexts.tolist(), test_targets.tolist(), strict=True)]
    )
    losses = {
        "4-grams": np.log(seen + 0.1 * 323) - np.log(fours + 0.1),
        "bigrams": -np.log(pairs[test_contexts[:, 2], test_targets]),
        "your network": -log_p[rows, test_targets],
    }
    entropy = np.log([2, 80, 40, 20, 20, 40, 1])[(rows + 3) % 7]  # of each place in the sentence
    groups = {"never": seen == 0, "once": seen == 1, "more often": seen > 1}
    figure, ax = panels(width=5.4, height=2.8)
    for k, (name, loss) in enumerate(losses.items()):
        colour = (GREY, PURPLE, BLUE)[k]
        excess = [np.mean((loss - entropy)[where]) for where in groups.values()]
        bars = ax.bar(
            np.arange(3) + 0.28 * (k - 1), excess, 0.25, color=colour, hatch=("..", "//", "")[k], edgecolor="white"
        )
        ax.bar_label(bars, [f"{value:.2f}" for value in excess], fontsize=8, color=INK)
        ax.annotate(name, (2 + 0.28 * (k - 1) - 0.12, excess[2] + 0.32), color=colour, fontsize=8.5, ha="left")
        print(f"{name}: {loss.mean():.2f} nats a word in all, {np.mean(loss - entropy):.2f} above the entropy")
    named = [f"{name}\n({where.mean():.0%} of the words)" for name, where in groups.items()]
    ax.set(
        xticks=range(3), xticklabels=named, xlabel="the context was seen in training", ylabel="nats above the entropy"
    )
    ax.set(xlim=(-0.5, 2.7), ylim=(0, 4.2))
    show(
        figure,
        alt="Nats above the entropy for a table of 4-grams, one of pairs and the network, by how often the context was seen.",
    )

# %% [markdown]
# For nearly two thirds of the words the context is new. There the 4-gram table has only its imaginary counts, is
# uniform, and loses more than three nats. The bigram table loses more than one there, and still 0.7 where the context
# came often: most pairs of words it has seen a few times at best, or never, and it is blind to what stands further
# back. (To be fair to it: no model of one word can know whether a noun is followed by a verb or by the end of the
# sentence.) A well-trained network loses 0.2 or 0.3 nats on contexts that it has never seen, less than a tenth of what
# the table of 4-grams loses. This is what sharing buys. That it loses no less on contexts that came often is no
# oddity: these stand mostly before the second and the third word of a sentence, and the third, a noun, one of 40, is
# among the hardest to learn. (With a real language, and a million times as much text, most long contexts are still
# new, only that nobody can tell us the entropy.)

# %% [markdown] covers="06.21 06.22"
# ## GloVe
#
# Predicting needs a softmax over all words at every step. If we want nothing but the vectors, is there a shorter way?
# Linguists had the idea first: words with similar contexts have similar meanings. This is the **distributional
# hypothesis** (Zellig Harris, 1954). "You shall know a word by the company it keeps", wrote J. R. Firth in 1957. So
# keep the company in a table: the **co-occurrence matrix** $X$, $V \times V$, where $X_{ij}$ counts how often words
# $i$ and $j$ stand near each other, at most `window` positions apart. (Some say "fewer than $p$ apart", which is one
# less. Always ask.)
#
# Take the text *the cat the dog* and a window of 2. "The" and "cat" stand one apart twice, so they meet twice; "the"
# and "dog" meet once, for the first "the" is 3 away; "cat" and "dog" meet once, 2 apart. And the two "the" meet each
# other, which adds 2 to the diagonal, since each is near the other.

# %% [markdown]
# ### Exercise: cooccurrence_matrix (2 points, 10 minutes)
# `tokens` (T,), possibly empty, `vocab_size` $V$, `window` at least 1. For every pair of positions $s < t$ with
# $t - s \le$ `window` add 1 to $X[w_s, w_t]$ and 1 to $X[w_t, w_s]$, and return $X$ (V, V) as floats. There are two
# ways to loop: over positions, or over distances, where all pairs at one distance are counted at once. In Python
# `tokens[-1]` is no error.

# %% exercise="cooccurrence_matrix"

# %% [markdown] covers="06.23 06.24 06.28"
# A row of $X$ is already a vector for its word, with $V$ numbers. To make it share, we must get by with fewer. Let
# each word have two vectors of $K$ numbers, $r_i$ when it is the centre and $\tilde r_j$ when it is company, in the
# rows of $R$ and $\tilde R$, and ask for $X_{ij} \approx r_i^\top \tilde r_j$, in short
#
# $$X \approx R \tilde R^\top .$$
#
# That is $2VK$ numbers in place of $V^2$, and the matrix on the right has a rank of at most $K$. Row $i$ of it is
# $\tilde R r_i$, so if the columns of $\tilde R$ are independent, each row belongs to one $r_i$ only, and words with
# similar rows have similar $r$; that is how similar words come to lie near each other.
#
# Which factors come closest in squared error, $\lVert X - R\tilde R^\top\rVert_F^2$, was solved by Carl Eckart and
# Gale Young in 1936. Take the **singular value decomposition**
#
# $$X = A\,\Sigma\,B^\top = \sum_k \sigma_k\,a_k b_k^\top ,$$
#
# in which the columns $a_k$ of $A$ are orthonormal, those of $B$ too, and $\sigma_1 \ge \sigma_2 \ge \dots \ge 0$
# stand on the diagonal of $\Sigma$. Keep the first $K$ terms: $R$ has the columns $\sigma_1 a_1, \dots, \sigma_K
# a_K$, and $\tilde R$ has $b_1, \dots, b_K$. How much is left out is seen from the matrices $a_k b_k^\top$. Multiply
# two of them entry by entry and add up: $\sum_{ij} a_{ik}b_{jk}\,a_{il}b_{jl} = (a_k^\top a_l)(b_k^\top b_l)$ is 1
# for $k = l$ and else 0. So they are orthonormal, and by Pythagoras $\lVert X\rVert_F^2 = \sum_k\sigma_k^2$, while
# the error is the sum of the $\sigma_k^2$ that were left out. In this sense the $k$-th term explains the share
# $\sigma_k^2/\sum_l\sigma_l^2$ of $X$. Let's look at these for Python's help. Before that, guess: of all that is
# counted, which share belongs to the one percent of the most frequent pairs?

# %%
with until_written(cooccurrence_matrix):
    X = cooccurrence_matrix(help_tokens, 500, 5)
    by_size = np.sort(X.ravel())[::-1]
    print(f"pairs that never meet: {np.mean(X == 0):.0%}; largest count {X.max():.0f}")
    print(
        f"the most frequent 1 % of the pairs hold {by_size[: by_size.size // 100].sum() / by_size.sum():.0%} of all counts"
    )
    for name, matrix in (("counts", X), ("logarithms of the counts", np.log(np.where(X > 0, X, 1)))):
        squares = np.linalg.svd(matrix, compute_uv=False) ** 2
        print(f"{name}: the first singular value alone explains {squares[0] / squares.sum():.0%} of the sum of squares")

# %% [markdown] covers="06.25 06.26 06.27 06.29 E06-glove-args"
# Word counts are **heavy-tailed**: a few hold most of the mass. With raw counts the factors would spend all they have
# on "the", "of" and `<rare>`, for an error of 100 in 20 000 weighs as much as one of 100 in 100. Hence the first
# change: fit the *logarithms*, in which a factor of two is the same everywhere. The second: most pairs never meet, and
# their logarithm is $-\infty$. That a pair was not seen in a small text says little, so leave it out. The third: not
# all counts are equally trustworthy, $\log 1$ could as well be $\log 2$, so weight them. That is **GloVe**, "global
# vectors" (Jeffrey Pennington, Richard Socher and Christopher Manning, 2014). Its cost depends on both kinds of vectors
# and on a bias for each word in each role, which takes up how frequent the word is:
#
# $$\mathcal J(R, \tilde R, b, \tilde b) = \sum_{i,j\,:\,X_{ij} > 0} f(X_{ij})\,
#   \big(r_i^\top \tilde r_j + b_i + \tilde b_j - \log X_{ij}\big)^2, \qquad
#   f(x) = \min\big((x/100)^{3/4}, 1\big) .$$
#
# A count of 10 has weight $0.1^{3/4} = 0.178$, one of 100 has weight 1, and one of 20 000 too. The original writes
# the sum over all pairs and says that $f(0) = 0$ takes care of the rest. On paper. In floating point $0 \cdot \infty$
# is NaN, so the pairs without a count must be left out and not merely multiplied by zero. It also saves work: in a
# real vocabulary far fewer than one pair in a hundred has met, and the sum runs over those alone.
#
# The gradients are short. Write $e_{ij}$ for what stands in the bracket and $f_{ij}$ for $f(X_{ij})$. Then
# $\partial \mathcal J/\partial e_{ij} = 2 f_{ij} e_{ij} =: g_{ij}$, and $e_{ij}$ depends on $r_i$ with slope
# $\tilde r_j$. So $r_i$ collects over its row, $\partial\mathcal J/\partial r_i = \sum_j g_{ij}\tilde r_j$, and
# $\tilde r_j$ over its column, $\partial\mathcal J/\partial\tilde r_j = \sum_i g_{ij} r_i$; the biases collect $g$
# itself.

# %% [markdown]
# ### Exercise: glove_loss_and_gradients (4 points, 20 minutes)
# `X` is (V, V), not necessarily symmetric and possibly of integers; `R` and `Rt` are (V, D), where D is the $K$
# above, `b` and `bt` (V,), `x_max` and `alpha` the two numbers in $f(x) = \min((x/x_{\max})^\alpha, 1)$. Return
# $\mathcal J$, `dR`, `dRt`, `db` and `dbt`. If `X` is all zero, so is everything that you return. A finite difference
# of $\mathcal J$ is a good friend here.

# %% exercise="glove_loss_and_gradients"

# %% [markdown]
# Left, the weight $f$ with a few counts marked. Right, the singular values of the counts and of their logarithms,
# each divided by the largest (for this picture, a pair that never met counts as 0 in both). In which of the two would
# you rather keep the first 30?

# %%
with until_written(cooccurrence_matrix):
    X = cooccurrence_matrix(help_tokens, 500, 5)
    figure, (left, right) = panels(2, width=3.5)
    x = np.linspace(0, 200, 401)
    left.plot(x, np.clip(x / 100, 0, 1) ** 0.75, color=BLUE)
    for count in (1, 10, 50):
        left.plot(count, (count / 100) ** 0.75, "X", color=ORANGE)
        left.annotate(
            f"f({count}) = {(count / 100) ** 0.75:.3f}",
            (count, (count / 100) ** 0.75),
            (7, 0),
            textcoords="offset points",
            fontsize=8,
        )
    left.set(xlabel="count x", ylabel="weight f(x)", ylim=(0, 1.1), xlim=(0, 200))
    right.set(yscale="log", xlim=(0, 118), ylim=(3e-4, 1.5), xlabel="number", ylabel="singular value / the largest")
    for name, matrix, colour, dy in (("counts", X, PURPLE, -3), ("logarithms", np.log(np.where(X > 0, X, 1)), BLUE, 3)):
        values = np.linalg.svd(matrix, compute_uv=False)[:90]
        line = right.plot(np.arange(1, 91), values / values[0], color=colour, ls=DASH[colour])[0]
        label_line(right, line, name, dy=dy)
    right.axvline(30, color=GREY, lw=1)
    show(
        figure,
        alt="The weight rises to 1 at a count of 100; the singular values of counts and of logarithms, divided by the largest.",
    )

# %% [markdown]
# In the counts all but the first dozen values are below a hundredth of the largest: one direction, frequency, drowns
# the rest. In the logarithms the first thirty are all above a twentieth of it, and have something to say. Now fit
# them. Your gradients do the work, Adam takes the steps: torch's optimisers don't ask where a gradient comes from.
# What do you expect to be the neighbours of "true", of "must", of "float"?


# %%
def fit_glove(X, dimension, steps, lr=0.05, seed=0):
    """Word vectors R + Rt (V, D) from the reader's gradients."""
    rng = np.random.default_rng(seed)
    V = len(X)
    start = 0.1 * rng.normal(size=(V, dimension)), 0.1 * rng.normal(size=(V, dimension)), np.zeros(V), np.zeros(V)
    tensors = [torch.from_numpy(part).requires_grad_() for part in start]
    optimizer = torch.optim.Adam(tensors, lr=lr)
    for step in range(steps):
        J, *gradients = glove_loss_and_gradients(X, *(part.detach().numpy() for part in tensors))
        for part, gradient in zip(tensors, gradients, strict=True):
            part.grad = torch.from_numpy(np.asarray(gradient))
        optimizer.step()
        if step % 25 == 0:
            print(f"step {step}: J = {J:.0f}")
    return (tensors[0] + tensors[1]).detach().numpy()


def neighbours(E, word, count=4):
    """The words whose vectors make the smallest angle with that of this one."""
    rows = E / np.linalg.norm(E, axis=1, keepdims=True)
    cosines = rows @ rows[help_vocabulary.index(word)]
    cosines[[0, help_vocabulary.index(word)]] = -1  # neither <rare> nor itself
    return ", ".join(help_vocabulary[n] for n in np.argsort(-cosines)[:count])


with until_written(cooccurrence_matrix, glove_loss_and_gradients):
    E = fit_glove(X, 30, 101)
    E -= E.mean(axis=0)
    for word in "list string class exception integer file module true float must".split():
        print(f"{word}: {neighbours(E, word)}")

# %% [markdown] covers="E06-similar-cooccur"
# From 64 000 words of documentation, without a word of grammar: the nearest of "true", of "must" and of "float" could
# stand in their place. Others, those of "file", say, merely stand close by, and for some no reason comes to mind; the
# text is small. Two vectors were trained for each word, and as is the custom we took their sum.
#
# A common misreading deserves a look. The product $r_i^\top\tilde r_j$ fits how often $i$ and $j$ *meet*. From this it
# is easily said that similar words tend to meet. But similarity shows in similar rows, in meeting the same *others*.
# Ask the table about "must" and its nearest neighbour:

# %%
with until_written(cooccurrence_matrix, glove_loss_and_gradients):
    must, may = help_vocabulary.index("must"), help_vocabulary.index("may")
    cosine = E[must] @ E[may] / np.linalg.norm(E[must]) / np.linalg.norm(E[may])
    print(f"must and may: cosine {cosine:.2f}; they stand within 5 words of each other {X[must, may]:.0f} times")
    for other in ("be", "not", "the"):
        n = help_vocabulary.index(other)
        print(f"near {other}: must {X[must, n]:.0f} times, may {X[may, n]:.0f} times")

# %% [markdown]
# They have never met, and why should they: where one stands the other doesn't. What makes them alike is that they
# keep the same company.

# %% [markdown]
# ### Question: GloVe or PCA (3 points, 10 minutes)
# "Minimising $\lVert X - R\tilde R^\top\rVert_F^2$ is PCA." Say what is missing for this to be true, and what GloVe
# changes and why.

# %% [markdown] written="glove_or_pca" points=3
# ### BEGIN MARK SCHEME
# - 1 point: it is the truncated SVD; it is PCA only if X is centred (its columns have mean zero). The factors are determined only
#   up to an invertible matrix.
# - 1 point: GloVe fits logarithms of counts, with weights that are capped, because counts are heavy-tailed and the most frequent
#   words would dominate.
# - 1 point: only pairs that occur are in the sum (sparse): zeros are ignored, not fitted as zeros.
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# The minimiser of the squared error is the truncated singular value decomposition of $X$ itself. Principal components
# are those of the centred matrix, in which the mean of each column was subtracted, so the statement holds only if $X$
# is centred. Also the factors are not unique: for any invertible $A$, $(RA)(\tilde R A^{-\top})^\top$ is the same
# product, while principal components are orthogonal by definition.
#
# GloVe fits $\log X_{ij}$ in place of $X_{ij}$ and weights the squares by $f$, which is capped at 1, since counts are
# heavy-tailed and a few frequent words would decide everything. It has biases. And it sums only over pairs with a
# count above zero: pairs that never met are ignored rather than fitted as zero, which is cheap as the matrix is sparse.
# With weights and missing entries there is no closed form any more, hence gradient descent.
# ### END SOLUTION

# %% [markdown] covers="E06-pca"
# In numbers, for the matrix of logarithms: the best approximation of rank 2, and two principal components together
# with the mean that PCA subtracts first.

# %%
with until_written(cooccurrence_matrix):
    logs = np.log(np.where(X > 0, X, 1))
    for name, mean in (("truncated SVD", np.zeros(500)), ("PCA, with its mean", logs.mean(axis=0))):
        U, S, Vt = np.linalg.svd(logs - mean, full_matrices=False)
        rest = logs - mean - (U[:, :2] * S[:2]) @ Vt[:2]
        print(f"{name}: squared error {np.sum(rest**2):.0f}")

# %% [markdown]
# The two differ. PCA comes out lower here because its mean is one more vector to fit with, so the comparison is not
# quite fair; the point is that they are not the same. Nor does the cost settle the factors: for any invertible $M$ of
# size $K$, $RM$ and $\tilde R M^{-\top}$ have the same product as $R$ and $\tilde R$, while principal components
# stand at right angles by definition.

# %% [markdown] covers="06.20 E06-orthogonal"
# ## Geometry
#
# The vectors of *must* and *may* had a cosine of nearly 0.7. Is that much? It depends on what is usual. Take two
# random directions in $D$ dimensions: normalise two vectors of independent standard normal numbers. The density of
# such a vector, $\prod_k e^{-x_k^2/2}$ but for a factor, depends on its length alone, so that no direction is
# preferred and we may turn the axes until the first lies along the first vector. Then the cosine is just the first
# coordinate of the second unit vector. It is as often positive as negative, so its mean is zero. The $D$ squared
# coordinates sum to one and are alike, so each has the mean $1/D$: the cosine has the standard deviation $1/\sqrt D$.
# For large $D$ it is nearly normal, since a vector of normal numbers has nearly the length $\sqrt D$ whatever its
# first coordinate is. And for a normal number of deviation $\sigma$ the mean of the absolute value is
#
# $$2\int_0^\infty \frac{x}{\sqrt{2\pi}\,\sigma}\,e^{-x^2/2\sigma^2}\,dx
#   = \frac{2\sigma}{\sqrt{2\pi}}\Big[-e^{-x^2/2\sigma^2}\Big]_0^\infty = \sigma\sqrt{2/\pi} ,$$
#
# here $\sqrt{2/(\pi D)}$: 0.146 for $D = 30$ and 0.046 for 300 (without the approximation it is a hair more, 0.147 for
# $D = 30$). So in many dimensions random directions are **nearly orthogonal**, and there is room for many more than
# $D$ directions that hardly touch one another.
#
# In three dimensions, what do you expect the histogram to look like? Where does it become a bell?

# %%
demos.directions()

# %% [markdown]
# In the plane the histogram is highest at both ends: all angles are equally likely there, but near 0° and 180° the
# cosine hardly changes. In three dimensions it is uniform; from ten or so it is a bell, and ever narrower. In 30
# dimensions the deviation is 0.18, and the cosine of *must* and *may* nearly four of these. But be fair: *may* is not
# any word, it is the nearest of 498. A normal number lies more than three deviations above its mean once in 740 times,
# so among so many words a cosine of about 0.5 comes by luck alone. One of 0.7 hardly does. A neighbour means something
# if it is nearer than the *best* of as many random ones would be.
#
# All this holds for *random* directions, and trained vectors are not random. They share a common direction, as in the
# last presets, because all words share something, their frequency to begin with. Then all cosines are shifted, and 0.5
# means even less. Before you judge cosines, subtract the mean vector, as we did with `E` without saying so. (Jiaqi Mu
# and Pramod Viswanath, 2018, found that taking it away, together with a few other directions that all words share,
# makes word vectors better on most tasks.)

# %% [markdown] covers="06.30 E06-analogy"
# What made word vectors famous was arithmetic. "Paris is to France as Tokyo is to ...?" If the step from a capital to
# its country is the same vector everywhere, then *France* $-$ *Paris* $+$ *Tokyo* lands near *Japan*. In general for
# "$a$ is to $b$ as $c$ is to ?" take the word nearest to $b - a + c$ (Tomáš Mikolov, Wen-tau Yih and Geoffrey Zweig,
# 2013).
#
# Why should this work at all? Suppose that the counts of a word are a product of a factor from its place and one from
# its kind, capital or country: Tokyo near "sushi" like all things Japanese, near "mayor" like all capitals. The
# logarithm turns products into sums. So the row of a word in $\log X$ is a sum of a vector for the place and one for
# the kind, and the difference between capital and country is the same for all places. But for the biases that row is
# $\tilde R r_i$, linear in $r_i$, and so the difference of the $r_i$ is the same, too. Where the world is not such a
# product, nothing promises it.
#
# Two details decide everything in practice. Vectors are scaled to length one, so that only directions count. And the
# words of the question are excluded from the answers.

# %% [markdown]
# ### Exercise: solve_analogy (2 points, 10 minutes)
# `E` is (V, D), a row for each word, perhaps of integers; `a`, `b` and `c` are word numbers, and may be equal. Scale
# all rows to length one, leaving a zero row zero; then return the number of the word other than `a`, `b`, `c` whose
# scaled row has the largest inner product with row $b$ $-$ row $a$ $+$ row $c$ (scaled rows, that is), the lowest
# number at ties. All these products may be negative.

# %% exercise="solve_analogy"

# %% [markdown] covers="06.31"
# First a text that is made for it: sentences about eight countries and their capitals, each with words of its own,
# and each kind with its words (armies and borders, mayors and airports). Your `cooccurrence_matrix` counts, your
# gradients fit, your `solve_analogy` answers all 56 questions. The map shows the vectors by their two principal
# components. Look for the lines from country to capital.

# %%
PLACES = {
    "France": ("Paris", "wine", "cheese"),
    "Italy": ("Rome", "opera", "pasta"),
    "Spain": ("Madrid", "flamenco", "olives"),
    "Japan": ("Tokyo", "sumo", "rice"),
    "Egypt": ("Cairo", "pyramids", "dates"),
    "Kenya": ("Nairobi", "safari", "coffee"),
    "Peru": ("Lima", "llamas", "potatoes"),
    "Norway": ("Oslo", "fjords", "salmon"),
}
KINDS = (("army", "border", "king", "coast"), ("mayor", "metro", "airport", "suburb"))


def travel_notes(count, seed):
    """Sentences about a country or its capital, as tokens, and the vocabulary."""
    rng = np.random.default_rng(seed)
    text = []
    for _ in range(count):
        country = rng.choice(list(PLACES))
        kind = rng.integers(2)
        place = (country, PLACES[country][0])[kind]
        about = [rng.choice(PLACES[country][1:]), *rng.choice(KINDS[kind], 2, replace=False)]
        text += [*rng.permutation([place, *about, *rng.choice(["the", "of", "and", "in", "near"], 2)]), "."]
    vocabulary = sorted(set(text))
    return np.array([vocabulary.index(word) for word in text]), vocabulary


with until_written(cooccurrence_matrix, glove_loss_and_gradients, solve_analogy):
    notes, note_vocabulary = travel_notes(4000, seed=6)
    print(" ".join(note_vocabulary[word] for word in notes[:14]))
    E_notes = fit_glove(cooccurrence_matrix(notes, len(note_vocabulary), 5), 8, 201, seed=3)
    countries = [note_vocabulary.index(country) for country in PLACES]
    capitals = [note_vocabulary.index(facts[0]) for facts in PLACES.values()]
    questions = [(i, j) for i in range(8) for j in range(8) if i != j]
    right = [solve_analogy(E_notes, countries[i], capitals[i], countries[j]) == capitals[j] for i, j in questions]
    print(f"right answers to 'country is to capital as country is to ?': {sum(right)} of {len(right)}")
    both = E_notes[countries + capitals]
    both = both - both.mean(axis=0)
    plane = both @ np.linalg.svd(both)[2][:2].T
    figure, ax = panels(width=5.2, height=3.4)
    for country, start, end in zip(PLACES, plane[:8], plane[8:], strict=True):
        ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": GREY, "lw": 1})
        for name, at, away, colour in ((country, start, end, BLUE), (PLACES[country][0], end, start, PURPLE)):
            ax.plot(*at, MARKER[colour], color=colour)
            side = {"ha": "left"} if at[0] > away[0] else {"ha": "right"}
            ax.annotate(
                name,
                at,
                (6 if at[0] > away[0] else -6, 0),
                textcoords="offset points",
                fontsize=8,
                color=colour,
                va="center",
                **side,
            )
    ax.set(xlabel="component 1", ylabel="component 2")
    ax.margins(0.2, 0.08)
    show(
        figure,
        alt="Eight countries and their capitals in the plane; the arrows from country to capital are nearly parallel.",
    )

# %% [markdown]
# The arrows are nearly parallel, as the argument has it: in this text the counts are products by construction. Now a
# text that nobody made for the purpose. In Python's help we have 35 nouns in singular and plural. "object is to
# objects as value is to ?" makes 1190 questions. We also count how often the nearest word is $c$ itself if the words
# of the question are allowed, and how often simply the nearest neighbour of $c$ is right. Predict: nine of ten? Half?

# %%
with until_written(cooccurrence_matrix, glove_loss_and_gradients, solve_analogy):
    singulars = (
        "object value function method name exception statement list type expression module string instance attribute sequence "
        "pattern argument key clause number default example tuple item keyword definition character parameter mapping "
        "identifier variable operation operator reference integer"
    ).split()
    pairs = [
        (help_vocabulary.index(word), help_vocabulary.index(word + "s"))
        for word in singulars
        if word in help_vocabulary and word + "s" in help_vocabulary
    ]
    rows = E / np.linalg.norm(E, axis=1, keepdims=True)
    tally = Counter()
    for a, b in pairs:
        for c, d in pairs:
            if a == c:
                continue
            tally["questions"] += 1
            tally["right, question words excluded"] += solve_analogy(E, a, b, c) == d
            target = rows[b] - rows[a] + rows[c]
            nearest = np.dot(rows, target).argmax()
            tally["right, question words allowed"] += nearest == d
            tally["the answer is c itself, question words allowed"] += nearest == c
            close = next(n for n in np.argsort(-(rows @ rows[c])) if n not in (a, b, c))
            tally["right, if one takes the nearest neighbour of c"] += close == d
    for name, count in tally.items():
        print(f"{name}: {count} ({count / tally['questions']:.1%})")

# %% [markdown]
# About one in seventeen, twice as many as by taking the nearest neighbour of $c$ without any arithmetic: the step
# helps a little. With words of the question allowed, nearly half of the answers are $c$: when the step $b - a$ is
# short, nothing is nearer to $c + (b - a)$ than $c$. Vectors trained on billions of words do far better on some
# relations, capitals, genders, plurals, but on many others they do not, and part of the success is owed to the
# exclusion and to $b$ being near the answer anyway (Tal Linzen, 2016). An analogy that comes out right is a fact about
# counts of words in a text. It is no proof that anything was understood; and as the text is, so are the vectors,
# prejudices included.

# %% [markdown]
# ## Beyond: no list of words
#
# Our vocabulary ends at 500, and everything else is `<rare>`. A larger list only moves the problem: there are always
# names, typing errors and new words. Modern models have no list of words. They start from characters or bytes and
# join, again and again, the pair of neighbours that occurs most often into a new unit, **byte-pair encoding**: Philip
# Gage's method to compress data (1994), brought to translation by Rico Sennrich, Barry Haddow and Alexandra Birch
# (2016). Frequent words become one unit, rare ones fall into pieces, and nothing is unknown. See what a few joins make
# of Python's help:

# %%
every_token, every_word = data.topics_corpus(None)
words = Counter(every_word[token] for token in every_token)


def join(units, pair):
    """The units of a word, with each such pair of neighbours made one."""
    k = 0
    while k < len(units) - 1:
        if (units[k], units[k + 1]) == pair:
            units[k : k + 2] = ["".join(pair)]
        k += 1


pieces = {word: list(word) for word in words}
joins = []
for _ in range(150):
    neighbours_counted = Counter()
    for word, units in pieces.items():
        for pair in pairwise(units):
            neighbours_counted[pair] += words[word]
    joins.append(neighbours_counted.most_common(1)[0][0])
    for units in pieces.values():
        join(units, joins[-1])
joined = ["".join(pair) for pair in joins]
print("joined first:", ", ".join(joined[:12]), "... and last:", ", ".join(joined[-8:]))
for word in ("function", "functions", "dictionaries", "reimplemented", "parrot"):
    units = list(word)
    for pair in joins:  # as in the text, one join after the other
        join(units, pair)
    print(f"{word}, {words[word]} times in the text: {' + '.join(units)}")

# %% [markdown]
# The first joins are the pairs of letters that English is made of; a hundred later ends of words and whole words come
# out. What is frequent is one unit by now. What never occurred falls into pieces that did, at worst into letters.

# %% [markdown]
# ## Beyond: ten lines that do nearly as well
#
# Omer Levy and Yoav Goldberg showed in 2014 that the popular word2vec, too, factors a table of counts without saying
# so. With Ido Dagan (2015) they found that much of what distinguishes the methods lies in settings that could be
# shared, and that a plain recipe comes close. With the share $\Pr(i,j)$ that a pair has of all that is counted, and
# the sums $\Pr(i)$ and $\Pr(j)$ of its row and column, take the **positive pointwise mutual information** $\max\big(0,
# \log\frac{\Pr(i,j)}{\Pr(i)\Pr(j)}\big)$: how much more often than by chance two words meet, on the log scale. Then
# keep the largest singular values.

# %%
with until_written(cooccurrence_matrix):
    share = X / X.sum()
    chance = np.outer(share.sum(axis=1), share.sum(axis=0))
    information = np.log(np.maximum(share / chance, 1))
    U, S, _ = np.linalg.svd(information)
    E_svd = U[:, :50] * np.sqrt(S[:50])
    for word in "list string exception integer true float must".split():
        print(f"{word}: {neighbours(E_svd, word)}")

# %% [markdown]
# "Integer" now finds other numbers, "string" finds characters and literals. But "must" finds "be", which stands beside
# it, where GloVe found "may", which stands in its place. Neither list is the better one throughout, and this one took
# no training at all.

# %% [markdown]
# ## What to remember
#
# Modelling sentences is predicting the next word, by the chain rule; the posterior is likelihood times prior, computed
# in logarithms with the largest score subtracted. A table of $n$-grams is the maximum-likelihood answer under a Markov
# assumption. It stores each context by itself, so it fails on what is new, and most is new; smoothing only says how to
# fail. Perplexity is the exponential of the cross-entropy, and the entropy of the language is its floor.
#
# An embedding is a row of a table, and a table is a linear layer on one-hot inputs, tied over positions. Words that can
# stand for each other get similar vectors, because the same step lowers the loss for all of them; so what was learned
# for one holds for the others, and unseen contexts are predicted like seen ones. Word vectors can also be had from
# counts: GloVe factors the logarithms of co-occurrences, with weights, over the pairs that occurred. Similar means in
# similar company, not in each other's company. Random directions in many dimensions are nearly orthogonal, trained
# ones share a mean that should be subtracted; and analogies work where counts are products, seldom elsewhere.
#
# The model here looks at three words. How to look at all of them is the matter of lectures 12 to 14.
