"""What the copilot may say: the evidence of a question, and the check of every sentence against it.

Read ``citations`` first: it is fed with an answer and says what may be said. ``rulings`` judges one sentence, and
``vouching`` asks the other modules whether its evidence holds it. Each of those looks at one way to be wrong.

The check of an answer::

    citations         holds what the model writes against the evidence, as it comes
    rulings           is the sentence said, said with "not verified", or left out?
    vouching          does the cited evidence hold it? Asks the doubts below
    replies           a checked answer, its numbers, and the rules that it was checked by

What a sentence is::

    claims            does it claim recovery, name a cause, give a step's verdict, or announce something?
    recovery_words    how people say that production has recovered
    no_recovery       does it only sound like that: a control step that passes, an alert that has recovered?
    admissions        does it claim nothing: "I do not know", advice where to look, a question?
    stated_reasons    does its "because" only repeat what a failed step saw?

Left out where the answer is no::

    founded           does each quote, figure and name stand in the evidence?
    bindings          is each figure called what it is called there, and is it of that step and run?
    step_claims       did the steps end as it says?

Said with "not verified" where the answer is no (the doubts)::

    word_grounds      does each word about the world stand there, and is it not denied there?
    actors            did they do it who are said to have done it?
    close_bonds       does a figure belong to the thing that it is said of?
    comparisons       does the reading lie above or below its limit, as is said?
    directions        did it rise or fall from the first figure to the second?
    figure_kinds      is it a reading, and not a limit, a percentile or a count of lines?
    measures          is it per minute, in GB, a count and not a share?
    neighbours        has what is counted its own number, and an id the words of its own clause?
    opposites         is nothing the other way round: expected for seen, from for to, old for new?
    quantities        do "most", "only" and "both" fit what is cited?
    sequences         which of two came first, and which change last?
    subjects          is a figure of the piece that is spoken of, where several are cited?
    told_times        did it happen at that time of day?
    try_shares        is what holds in some tries not said of all?
    unreal            is it a fact, and not only asked, advised, or said by an alert's own text?

How text and evidence are read::

    dossier           numbered evidence, each piece with its source and what it opens
    citation_marks    citations in all the shapes in which models write them
    sentences         a growing text, cut into units: sentences, list items, rows, blocks of code
    segments          a sentence, cut into parts, each with the step, the run and the side of the fix that it is about
    spoken_figures    figures, pairs, places and names of a text, and whether a piece of evidence has them
    spoken_places     "the second step" in any language is ``step 2``
    talk_words        words that add no fact of their own, and words that mean the same

The built-in way, without a model::

    questions         which standing question is it?
    unanswered        does it want what state cannot tell: who, until when, how much?
    situation         the incident as it stands when the question is answered
    briefing          the answer from state
    details           its single lines
    prompts           the questions that are offered below an answer
    fusion            two rankings of earlier incidents, by words and by meaning, become one
"""
