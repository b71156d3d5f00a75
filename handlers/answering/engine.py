"""The engine: one message in, one answer out; pure, so that it can be asked on the hot path."""

import re
from collections.abc import Iterable, Sequence
from datetime import date

from handlers.answering import confidence, replies
from handlers.answering.asks import mismatch
from handlers.answering.calculators import NUMBER, calculate
from handlers.answering.courtesy import Courtesy
from handlers.answering.declines import Declines
from handlers.answering.details import lacks
from handlers.answering.features import Features, Reading, said_by
from handlers.answering.index import Favour, Index, Match
from handlers.answering.normalise import Normaliser, alternation
from handlers.answering.patterns import counted
from handlers.answering.shapes import Answer, Fact, Words
from handlers.answering.signs import Glance
from handlers.answering.spelling import Spelling

SCOPE_WORDS = (
    (r"[我本在]?们?村(?!委)|农村|村里|行政村", ("村",)),
    (r"社区|居委", ("社区",)),
    (r"机关(?!工委)|公务员|[我本]们?局|局里|科室", ("机关",)),
    (r"事业单位|事业编|医院|卫生院", ("事业单位",)),
    (r"国企|国有企业|央企", ("国企",)),
    (r"两新|非公|民营企业|民企|私企|社会组织", ("两新",)),
    (r"(?<![国有民营非公])企业|公司|工厂|[我们本]厂|厂里", ("国企", "两新")),
    (r"学校|高校|中学|小学|大学(?!生)|学院|幼儿园", ("学校", "事业单位")),
)
"""What names a kind of unit, and the kinds whose rules may hold for it."""
A_KIND = re.compile("|".join(pattern for pattern, _ in SCOPE_WORDS))
KIND_WORDS = tuple(
    (re.compile(pattern), scopes[0]) for pattern, scopes in SCOPE_WORDS if "两新" not in scopes[1:]
)
"""The same for what somebody says of their own unit: a company may be either kind of enterprise."""
OF_ONESELF = re.compile(
    "(?:我们?|咱们?|俺们?|本)(?:们)?(?:这(?:里|边|儿)?)?(?:是|在|属于|单位是|支部是)?(?:个|一个|一家)?"
    "(?=村|农村|社区|居委|机关|局|事业|医院|国企|国有|央企|两新|非公|民营|民企|私企|社会组织|公司|厂"
    "|学校|高校|中学|小学)"
)
"""How somebody says of what kind of unit they are."""
ON_WITH = "(?:那么?|还有|如果是|要是|换成)"
"""How a message begins that goes on with what was said before."""
GOES_ON = re.compile(f"^{ON_WITH}")
FOLLOW_UP = re.compile(rf"^{ON_WITH}|呢\|?$|^要?(多久|谁|什么时候|怎么办|为什么|多久一次)\|?$")
NO_SUBJECT = re.compile(f"^{ON_WITH}|[呢吗吧啊的|]+$|^我们?")
"""What a message that goes on with another subject says besides it."""
LEAST_SPOKEN_OF = 0.2
"""An entry speaks of a subject that this share of its askings name."""
LONGEST_SUBJECT = 3
"""So few characters that ask for nothing just name a subject: what about it, is for the asker to choose."""
LONGEST_FOLLOW_UP = 14
KINDS = r"(?:村|农村|社区|机关|局|国企|国有企业|公司|企业|学校|中学|小学|事业单位|医院|两新|非公企业|民企)"
ONLY_SCOPE = re.compile(
    r"(?:那|如果|要是|换成)?(?:我们?|咱们?|俺们?|本)?(?:们)?(?:单位|支部|党支部)?(?:是|在|属于)?(?:一?个)?"
    rf"{KINDS}(?:里|上|的|党支部|支部|党员|单位|组织|呢|啊)*[。!！?？~～]*"
)
"""What tells the kind of unit and asks nothing: the last question, now with that known."""
LEANS = re.compile(
    rf"(?=.{{1,{LONGEST_FOLLOW_UP}}}$)"
    rf"(?:{ONLY_SCOPE.pattern}$|{ON_WITH}|.*\d"
    r"|(?:[^?？]{0,3}(?:退休|离休|在职|下岗|学生|农民|村|社区|机关|国企|学校|两新|事业单位)[^?？]{0,3}"
    r"|.{0,3}[零一二两三四五六七八九十百千万]+[个名人票月年岁元块]{0,2})[。!！]*$)"
)
"""What means something else after another answer, such as the number that a calculation lacked."""
MAY_LEAN = re.compile(
    rf"(?=.{{1,{LONGEST_FOLLOW_UP}}}$)"
    r"(?:.*呢[?？。!！~～]*$|要?(?:多久|谁|什么时候|怎么办|为什么|多久一次)[?？。!！]*$"
    r"|(?:可以|可不可以|能|要|需要|需不需要|有没有|由?谁|找谁|怎么|什么时候|多久|多少|几|不).{1,8}$)"
)
"""What may mean nothing without the answer before it; unless it can be answered, that is worth a look."""
CHINESE = re.compile("[\u4e00-\u9fff]")
LONGEST_ABBREVIATION = 12
"""Characters; a longer message without one Chinese character is code or another language."""
OTHER_SCOPE = 0.85
"""An entry for one kind of unit, when nobody spoke of that kind, stands behind the general one."""
FITTING_SCOPE = 1.3
"""…and before it when somebody did."""
MOST_SENTENCES = 4
"""Looked at one by one; this bounds the time of a message made of full stops."""
LEAST_TYPED = 2
"""Characters: of one, nobody can tell what is meant."""
MOST_SUGGESTED = 6
"""Questions shown under what is being typed: as many as a phone shows above its keyboard."""
COUNTED = 5
"""So many askings of each entry tell which pieces of text are common."""
MOST_QUESTIONS = 2
"""Answers put into one reply; the rest is better asked again than read on a phone."""


def spelling(readings: Iterable[Reading], words: Words) -> Spelling:
    """What puts slips right by everything that entries say."""
    synonyms = (word for found in words.synonyms.items() for word in (found[0], *found[1]))
    return Spelling(
        [reading.texts.read for reading in readings],
        words=(*words.terms, *words.domain, *synonyms),
        sounds=words.sounds,
        others=words.others,
    )


class Engine:
    """Answers from a fixed set of entries. Build a new one when entries change."""

    def __init__(self, facts: Sequence[Fact], words: Words, before: "Engine | None" = None) -> None:
        self._words = words
        self._features = Features(words)
        known = before.readings() if before is not None and before._words is words else {}
        readings = [known.get(fact) or self._features.reading(fact) for fact in facts]
        speller = spelling(readings, words)
        self._normalise = Normaliser(words, speller)
        self._courtesy = Courtesy(words.openings, words.endings)
        self._index = Index(facts, readings, speller.pairs())
        self._for_some = {place for place, fact in enumerate(facts) if fact.scopes}
        self._synonyms = words.synonyms
        self._places = {fact.code: place for place, fact in enumerate(facts)}
        self._replies = {fact.code: replies.answer(fact) for fact in facts}
        self._favours: tuple[date, dict[frozenset[str], Favour]] = (date.min, {})
        """Kept for the day that is asked about."""
        self._domain = alternation(words.domain)
        self._declines: Declines
        self._glance: Glance
        if before is not None and before._words is words and len(before) >= len(facts) / 2:
            # The patterns are the same, and what half as many entries say tells well enough what is rare.
            self._declines, self._glance = before._declines, before._glance
        else:
            typed = "\n".join([asking for fact in facts for asking in fact.askings[:COUNTED]])
            times = counted(f"{typed}\n{self._normalise.canonical(typed)}")
            self._declines = Declines(words.declines, times)
            self._glance = Glance(words, SCOPE_WORDS, times)

    @classmethod
    def build(
        cls, facts: Iterable[Fact], words: Words | None = None, before: "Engine | None" = None
    ) -> "Engine":
        """An engine over those of the entries that name their rule: the others are never given.

        Quicker where most of them are the same as of the engine `before`, and as good.
        """
        return cls(tuple(fact for fact in facts if fact.citations), words or Words(), before)

    def readings(self) -> dict[Fact, Reading]:
        """What each entry's texts come to."""
        return dict(zip(self._index.facts, self._index.readings, strict=True))

    def __len__(self) -> int:
        return len(self._places)

    def fact(self, code: str) -> Fact | None:
        """The entry with this code."""
        place = self._places.get(code)
        return None if place is None else self._index.facts[place]

    def answer(self, text: str, *, scope: str | None = None, on: date, previous: str | None = None) -> Answer:
        """The reply to one message of someone in a unit of kind `scope`, as the rules stand `on` a day.

        `previous` is the code of the entry answered last, for questions that lean on it.
        """
        plain = self._courtesy(self._normalise.plain(text))
        cleaned = self._normalise.clean(plain)
        if not cleaned.strip(".%|"):
            return Answer("declined", replies.NOT_READ, confidence=1.0)
        read = self._normalise.read(cleaned)
        corrected = self._normalise.correct(read)
        if not CHINESE.search(corrected) and len(corrected) > LONGEST_ABBREVIATION:
            return Answer("declined", replies.NOT_OURS, confidence=1.0)
        if previous or NUMBER.search(plain) or NUMBER.search(corrected):
            as_typed = corrected == cleaned  # Then nothing is to be put right with its pauses either.
            for said in (plain,) if as_typed else dict.fromkeys((plain, self._put_right(plain))):
                if (calculated := calculate(said, previous, on=on, scope=scope)) is not None:
                    return calculated
        canonical = self._normalise.canonical(corrected)
        decline = self._declines.find(read, corrected)
        if decline is not None and self._index.said(canonical, self._features.bare(canonical)) is None:
            return Answer("declined", decline.text, confidence=1.0)
        return self._look_up(canonical, scope=scope, on=on, previous=previous)

    def _put_right(self, plain: str) -> str:
        return self._normalise.correct(self._normalise.read(plain))

    def _look_up(self, canonical: str, *, scope: str | None, on: date, previous: str | None) -> Answer:
        spoken = self._glance(canonical).kinds
        favour = self._favour(spoken or frozenset([scope] if scope else ()), on)
        answer = self._look_for(canonical, favour, previous)
        return (
            answer._replace(hangs_on_scope=False) if answer.hangs_on_scope and (scope or spoken) else answer
        )

    def _look_for(self, canonical: str, favour: Favour, previous: str | None) -> Answer:
        several: list[Answer] = []
        if "|" in canonical:
            said = filter(self._features.says, canonical.split("|"))
            sentences = list(dict.fromkeys(said))[:MOST_SENTENCES]
            canonical = "|".join(sentences) or canonical
            several = self._each(sentences, favour) if len(sentences) > 1 else []
            if len(several) > 1:
                return join(several)
        short = len(canonical) <= LONGEST_FOLLOW_UP
        goes_on = short and (GOES_ON.match(canonical) or (previous and canonical.endswith("呢")))
        whole = self._judge(canonical, favour, least=confidence.ALONE_AT if goes_on else confidence.ANSWER_AT)
        if several and several[0].confidence > whole.confidence:
            return several[0]  # What stands around it is no part of the question.
        if whole.kind == "answer":
            return whole
        last = self.fact(previous or "")
        if last is not None and short:
            if FOLLOW_UP.search(canonical):
                return self._lean(canonical, last, favour)
            if not self.ours(canonical) and (
                else_of_it := self._of_same_subject(canonical, self._normalise(last.question), favour)
            ):
                return else_of_it
        if several:
            return join(several)
        anywhere = A_KIND.sub("", canonical) if self._domain and self._glance(canonical).kinds else ""
        if self._features.says(anywhere):
            found = self._judge(anywhere, favour)  # What holds everywhere isn't said of each kind of unit.
            return found if found.kind == "answer" else whole
        return whole

    def _lean(self, canonical: str, last: Fact, favour: Favour) -> Answer:
        """Something else of the last one's subject, if that is asked; the same of another subject, if one is
        named that entries speak of; else more of the last one."""
        asked = self._normalise(last.question)
        both = f"{canonical}|{asked}"
        if (else_of_it := self._of_same_subject(canonical, asked, favour)) is not None:
            return else_of_it
        subject = NO_SUBJECT.sub("", canonical)
        another = len(subject) > 1 and subject not in asked and not self._glance(subject).kinds
        names = (subject, *self._synonyms.get(subject, ()))
        if another:
            facts = self._index.facts

            def of_subject(place: int) -> float:
                fact = facts[place]
                return favour(place) if fact is not last and speaks_of(fact, names) else 0.0

            instead = subject + self._features.without_subjects(asked)
            for text in (instead, both):
                other = self._judge(text, of_subject)
                if other.kind == "answer":
                    return other
        again = self._judge(both, favour)
        if again.entry == last.code and self._asks_else(canonical, last):
            return self._near(both, favour, last)
        if another and self.ours(subject) and not self._names(again, names):
            return self._judge(subject, favour)  # What was asked before says nothing of it: that is no reply.
        return again

    def _asks_else(self, canonical: str, last: Fact) -> bool:
        """Whether canonical text asks what nobody asks of an entry."""
        asked = self._index.readings[self._places[last.code]].asked
        return mismatch(self._glance(canonical).asked, asked) == 1

    def _near(self, canonical: str, favour: Favour, last: Fact) -> Answer:
        """The entries near canonical text but the last one, to choose from; unknown if there are none."""
        matches = [match for match in self.matches(canonical, favour)[0] if match.fact is not last]
        return choose(matches, 0.0) if matches else unknown(ours=True, sure=0.0)

    def _of_same_subject(self, canonical: str, before: str, favour: Favour) -> Answer | None:
        """The answer to something else about what canonical text before it was about, if that is clear."""
        if not self._glance(canonical).asked:
            return None
        words = self._features.subjects(before)
        about = [word for word in words if word not in canonical and not A_KIND.fullmatch(word)]
        whole = "".join((*about, GOES_ON.sub("", canonical)))
        answer = self._judge(whole, favour, least=confidence.STRANGE_AT)
        return answer if answer.kind == "answer" else None

    def _names(self, answer: Answer, names: Sequence[str]) -> bool:
        """Whether an entry that is given or offered speaks of a subject, by one of its names."""
        codes = (answer.entry, *(code for code, _ in answer.choices))
        facts = filter(None, (self.fact(code or "") for code in codes))
        texts = (text for fact in facts for text in said_by(fact))
        return any(name in text for text in texts for name in names)

    def _each(self, sentences: Sequence[str], favour: Favour) -> list[Answer]:
        """The answers to single sentences, as many as a reply has room for."""
        found = (self._judge(sentence, favour) for sentence in sentences)
        return list({one.entry: one for one in found if one.kind == "answer"}.values())[:MOST_QUESTIONS]

    def favour_for(self, canonical: str, scope: str | None, on: date) -> Favour:
        """Which entries may answer: in force, and for the unit spoken of (else the asker's)."""
        return self._favour(self._glance(canonical).kinds or frozenset([scope] if scope else ()), on)

    def _favour(self, wanted: frozenset[str], on: date) -> Favour:
        day, favours = self._favours
        if day != on:
            favours = {}
            self._favours = on, favours
        if wanted not in favours:  # Of some kinds of unit there are but few sets.
            favours[wanted] = [favour_of(fact, wanted, on) for fact in self._index.facts].__getitem__
        return favours[wanted]

    def canonical(self, text: str) -> str:
        """The text under the one name of every known word."""
        return self._normalise(text)

    def ours(self, canonical: str) -> bool:
        """Whether there is a word of the domain in it."""
        return self._domain is None or bool(self._domain.search(canonical))

    def beyond(self, canonical: str) -> bool:
        """Whether it asks for what no rule says: a text to copy, somebody's own case, a telephone number."""
        return self._glance(canonical).beyond

    def _nothing_says(self, canonical: str, fact: Fact) -> bool:
        """Whether it asks for what no rule says, and the entry isn't one that was written about just that."""
        return self.beyond(canonical) and not self.beyond(self._normalise(fact.question))

    def matches(self, canonical: str, favour: Favour) -> tuple[list[Match], frozenset[str]]:
        """The entries that fit, and the features they were found by."""
        wanted = self._features.of_canonical(canonical, self._features.bare(canonical))
        return self._index.search(wanted, favour=favour), wanted

    def _judge(self, canonical: str, favour: Favour, *, least: float = confidence.ANSWER_AT) -> Answer:
        bare = self._features.bare(canonical)
        said = self._index.said(canonical, bare)
        wanted = self._features.of_canonical(canonical, bare)
        matches = self._index.search(wanted, favour=favour)
        hangs = self._matters(matches)
        given = said if said is not None and favour(said) else None
        if given is not None and not (matches and favour(matches[0].place) > favour(given)):
            return self._said(given, hangs)
        ours = self.ours(canonical)
        if given is None and (not matches or self._nothing_says(canonical, matches[0].fact)):
            return unknown(ours=ours, sure=0.0)
        signs = self._glance(canonical)
        sure = confidence.probability(confidence.signals(matches, wanted, signs.asked))
        if given is not None and sure < confidence.ALONE_AT:
            return self._said(given, hangs)  # Its own kind's entry is near, but no clearer.
        if given is None and sure >= confidence.CHOOSE_AT and lacks(matches[0].fact, signs.details):
            return unknown(ours=ours, sure=0.0)
        names_only = not signs.asked and len(bare) <= LONGEST_SUBJECT
        if sure >= (least if ours else max(least, confidence.STRANGE_AT)) and not names_only:
            fact = matches[0].fact
            text = self._replies[fact.code]
            return Answer("answer", text, fact.code, sure, fact.citations, hangs_on_scope=hangs)
        if ours and names_only and (named := self._naming(bare)):
            allowed = [self._index.facts[place] for place in named if favour(place)][: confidence.CHOICES]
            hangs = not self._for_some.isdisjoint(named)
            offered = offer(allowed, sure) if allowed else choose(matches, sure)
            return offered._replace(hangs_on_scope=hangs)
        if ours and (names_only or sure >= confidence.CHOOSE_AT):
            return choose(matches, sure)._replace(hangs_on_scope=hangs)
        return unknown(ours=ours, sure=sure)

    def _matters(self, matches: Sequence[Match]) -> bool:
        """Whether an entry for one kind of unit is near, so that knowing the kind might change the answer."""
        least = matches[0].score * confidence.NEAR if matches else 0.0
        for match in matches:
            if match.score < least:
                return False
            if match.place in self._for_some:
                return True
        return False

    def _naming(self, subject: str) -> list[int]:
        """The places of entries whose question names a subject: first what is asked for most and said
        shortest."""
        names = (subject, *self._synonyms.get(subject, ()))
        facts = self._index.facts
        named = [place for place, fact in enumerate(facts) if any(name in fact.question for name in names)]

        def order(place: int) -> tuple[float, str]:
            return -len(facts[place].askings) / len(facts[place].question), facts[place].code

        return sorted(named, key=order)

    def suggest(self, text: str, *, scope: str | None = None, on: date) -> tuple[tuple[str, str], ...]:
        """Codes and questions of the entries that a question may be meant for that is still being typed.

        At most `MOST_SUGGESTED`, the likeliest first; none for what isn't ours. Nothing is answered by it.
        """
        canonical = self.canonical(text)
        bare = self._features.bare(canonical)
        if len(bare) < LEAST_TYPED or not self.ours(canonical):
            return ()
        favour = self.favour_for(canonical, scope, on)
        found = dict.fromkeys([*self._naming(bare), *(m.place for m in self.matches(canonical, favour)[0])])
        allowed = [self._index.facts[place] for place in found if favour(place)]
        return tuple((fact.code, fact.question) for fact in allowed[:MOST_SUGGESTED])

    def _said(self, place: int, hangs: bool) -> Answer:
        """The entry of an asking in its very words."""
        fact = self._index.facts[place]
        text = self._replies[fact.code]
        return Answer("answer", text, fact.code, confidence.SAID, fact.citations, hangs_on_scope=hangs)


def favour_of(fact: Fact, wanted: frozenset[str], on: date) -> float:
    """What an entry's score is multiplied by on a day, where these kinds of unit are spoken of."""
    if not fact.holds(on):
        return 0.0
    if not fact.scopes:
        return 1.0
    return (FITTING_SCOPE if fact.scopes & wanted else 0.0) if wanted else OTHER_SCOPE


def speaks_of(fact: Fact, names: Sequence[str]) -> bool:
    """Whether many of an entry's askings name a subject, by one of its names."""
    askings = (fact.question, *fact.askings)
    found = sum(any(name in asking for name in names) for asking in askings)
    return found >= len(askings) * LEAST_SPOKEN_OF


def kind_of(text: str) -> str | None:
    """The kind of unit that a text names, if it is one."""
    found = {scope for pattern, scope in KIND_WORDS if pattern.search(text)}
    return found.pop() if len(found) == 1 else None


def own_scope(text: str) -> str | None:
    """The kind of unit that somebody says to be of."""
    found = OF_ONESELF.search(text)
    return kind_of(text[found.start() :]) if found else None


def choose(matches: Sequence[Match], sure: float) -> Answer:
    """Did you mean: the nearest entries."""
    least = matches[0].score * confidence.NEAR
    return offer([match.fact for match in matches[: confidence.CHOICES] if match.score >= least], sure)


def offer(facts: Sequence[Fact], sure: float) -> Answer:
    """Did you mean: these entries."""
    offered = tuple((fact.code, fact.question) for fact in facts)
    return Answer("choices", replies.choices(facts), None, sure, (), offered)


def unknown(*, ours: bool, sure: float) -> Answer:
    """In the domain but not known (a person answers), or none of our business."""
    if ours:
        return Answer("none", replies.NOT_KNOWN, None, sure)
    return Answer("declined", replies.NOT_OURS, None, sure)


def join(answers: Sequence[Answer]) -> Answer:
    """Several questions' answers as one reply; the first one names the entry."""
    first = answers[0]
    texts = [answer.text for answer in answers]
    citations = tuple(dict.fromkeys(c for answer in answers for c in answer.citations))
    sure = min(answer.confidence for answer in answers)
    hangs = any(answer.hangs_on_scope for answer in answers)
    return Answer("answer", "\n\n".join(texts), first.entry, sure, citations, hangs_on_scope=hangs)
