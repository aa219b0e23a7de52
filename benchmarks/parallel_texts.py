"""Small problems with steps, mistakes and their reasons in four languages, the same step by step; numbers are drawn."""

from collections.abc import Mapping
from random import Random

Text = Mapping[str, str]
LANGUAGES = ("en", "zh", "ko", "de")


def _same(en: str, zh: str, ko: str, de: str) -> Text:
    return {"en": en, "zh": zh, "ko": ko, "de": de}


APPLES = {
    "question": _same(
        "A shop has {a} boxes with {b} apples each and sells {c} apples. How many apples are left?",
        "一家商店有{a}个箱子，每个箱子装{b}个苹果，卖出了{c}个苹果。还剩多少个苹果？",
        "가게에 사과가 {b}개씩 든 상자가 {a}개 있고 사과 {c}개를 팔았다. 사과는 몇 개 남았는가?",
        "Ein Laden hat {a} Kisten mit je {b} Äpfeln und verkauft {c} Äpfel. Wie viele Äpfel bleiben übrig?",
    ),
    "first": _same(
        "Each of the {a} boxes holds {b} apples, so there are {a} * {b} = {ab} apples.",
        "{a}个箱子每个装{b}个苹果，所以一共有 {a} * {b} = {ab} 个苹果。",
        "상자 {a}개에 사과가 {b}개씩 들어 있으므로 사과는 모두 {a} * {b} = {ab}개이다.",
        "In jeder der {a} Kisten liegen {b} Äpfel, also sind es {a} * {b} = {ab} Äpfel.",
    ),
    "wrong first": _same(
        "The boxes hold {a} + {b} = {s} apples together.",
        "这些箱子一共装了 {a} + {b} = {s} 个苹果。",
        "상자에는 사과가 모두 {a} + {b} = {s}개 들어 있다.",
        "In den Kisten liegen zusammen {a} + {b} = {s} Äpfel.",
    ),
    "reason first": _same(
        "The boxes hold {b} apples each, so the numbers must be multiplied and not added.",
        "每个箱子都装{b}个苹果，所以应该相乘，而不是相加。",
        "상자마다 사과가 {b}개씩 들어 있으므로 두 수를 더하지 말고 곱해야 한다.",
        "In jeder Kiste liegen {b} Äpfel, also muss man die Zahlen multiplizieren und nicht addieren.",
    ),
    "second": _same(
        "Of these {c} are sold, so {ab} - {c} = {r} apples are left.",
        "其中卖掉了{c}个，所以还剩 {ab} - {c} = {r} 个苹果。",
        "그중 {c}개를 팔았으므로 {ab} - {c} = {r}개가 남는다.",
        "Davon werden {c} verkauft, also bleiben {ab} - {c} = {r} Äpfel übrig.",
    ),
    "wrong second": _same(
        "After selling {c} apples there are {ab} + {c} = {x} apples.",
        "卖出{c}个苹果之后，共有 {ab} + {c} = {x} 个苹果。",
        "사과 {c}개를 팔고 나면 {ab} + {c} = {x}개가 된다.",
        "Nach dem Verkauf von {c} Äpfeln sind es {ab} + {c} = {x} Äpfel.",
    ),
    "reason second": _same(
        "Selling apples makes their number smaller.",
        "卖出苹果只会使数量变少。",
        "사과를 팔면 그 수는 줄어든다.",
        "Durch den Verkauf werden es weniger Äpfel.",
    ),
    "check": _same(
        "We check this: {r} + {c} = {ab} is the number of all apples again, so nothing was forgotten.",
        "我们来验证一下：{r} + {c} = {ab} 又等于全部苹果的数量，所以没有遗漏。",
        "검산해 보면 {r} + {c} = {ab}로 다시 전체 사과의 수가 되므로 빠뜨린 것이 없다.",
        "Zur Probe: {r} + {c} = {ab} ist wieder die Zahl aller Äpfel, also wurde nichts vergessen.",
    ),
    "last": _same(
        "Therefore the shop has $\\boxed{{{r}}}$ apples left.",
        "因此商店还剩 $\\boxed{{{r}}}$ 个苹果。",
        "따라서 가게에는 사과가 $\\boxed{{{r}}}$개 남는다.",
        "Daher hat der Laden noch $\\boxed{{{r}}}$ Äpfel.",
    ),
}
RECTANGLE = {
    "question": _same(
        "A rectangle is {a} long and {b} wide. A corner with the area {c} is cut off. What area remains?",
        "一个长方形长{a}、宽{b}，剪去一个面积为{c}的角。剩下的面积是多少？",
        "가로가 {a}이고 세로가 {b}인 직사각형에서 넓이가 {c}인 모서리를 잘라 냈다. 남은 넓이는 얼마인가?",
        "Ein Rechteck ist {a} lang und {b} breit. Eine Ecke der Fläche {c} wird abgeschnitten. Was bleibt?",
    ),
    "first": _same(
        "The area of a rectangle is its length times its width, which gives $A = {a} \\cdot {b} = {ab}$.",
        "长方形的面积等于长乘以宽，于是 $A = {a} \\cdot {b} = {ab}$。",
        "직사각형의 넓이는 가로와 세로의 곱이므로 $A = {a} \\cdot {b} = {ab}$이다.",
        "Die Fläche eines Rechtecks ist Länge mal Breite, das ergibt $A = {a} \\cdot {b} = {ab}$.",
    ),
    "wrong first": _same(
        "We add the two sides and get the area $A = {a} + {b} = {s}$.",
        "把两条边相加，得到面积 $A = {a} + {b} = {s}$。",
        "두 변을 더하면 넓이는 $A = {a} + {b} = {s}$이다.",
        "Wir addieren die beiden Seiten und erhalten die Fläche $A = {a} + {b} = {s}$.",
    ),
    "reason first": _same(
        "That is half of the perimeter and not the area.",
        "这是周长的一半，不是面积。",
        "그것은 넓이가 아니라 둘레의 절반이다.",
        "Das ist der halbe Umfang und nicht die Fläche.",
    ),
    "second": _same(
        "Removing the corner leaves ${ab} - {c} = {r}$.",
        "去掉这个角，剩下 ${ab} - {c} = {r}$。",
        "모서리를 빼면 ${ab} - {c} = {r}$이 남는다.",
        "Ohne die Ecke bleiben ${ab} - {c} = {r}$.",
    ),
    "wrong second": _same(
        "Together with the corner this makes ${ab} + {c} = {x}$.",
        "加上这个角，得到 ${ab} + {c} = {x}$。",
        "모서리와 합하면 ${ab} + {c} = {x}$이 된다.",
        "Zusammen mit der Ecke ergibt das ${ab} + {c} = {x}$.",
    ),
    "reason second": _same(
        "The corner is cut off, so its area must be taken away.",
        "这个角被剪掉了，所以必须减去它的面积。",
        "모서리는 잘려 나갔으므로 그 넓이를 빼야 한다.",
        "Die Ecke wird abgeschnitten, also muss ihre Fläche abgezogen werden.",
    ),
    "check": _same(
        "Nothing else changes, because only this one corner is missing from the rectangle.",
        "其他部分没有变化，因为长方形只缺了这一个角。",
        "직사각형에서 이 모서리 하나만 없어졌으므로 다른 것은 변하지 않는다.",
        "Sonst ändert sich nichts, denn dem Rechteck fehlt nur diese eine Ecke.",
    ),
    "last": _same(
        "So the remaining area is $\\boxed{{{r}}}$.",
        "所以剩下的面积是 $\\boxed{{{r}}}$。",
        "따라서 남은 넓이는 $\\boxed{{{r}}}$이다.",
        "Also ist die übrige Fläche $\\boxed{{{r}}}$.",
    ),
}
TRAIN = {
    "question": _same(
        "A train goes {a} km in each hour. Its way of {b} hours becomes {c} km shorter. How long is the new way?",
        "一列火车每小时行驶{a}千米，它{b}小时的路程缩短了{c}千米。新的路程有多长？",
        "기차가 한 시간에 {a} km씩 달린다. {b}시간 걸리던 길이 {c} km 짧아졌다. 새 길의 길이는 얼마인가?",
        "Ein Zug fährt in jeder Stunde {a} km. Sein Weg von {b} Stunden wird {c} km kürzer. Wie lang ist er dann?",
    ),
    "first": _same(
        "In {b} hours the train goes {a} * {b} = {ab} km.",
        "{b}小时内火车行驶 {a} * {b} = {ab} km。",
        "{b}시간 동안 기차는 {a} * {b} = {ab} km를 달린다.",
        "In {b} Stunden fährt der Zug {a} * {b} = {ab} km.",
    ),
    "wrong first": _same(
        "In {b} hours the train goes {a} + {b} = {s} km.",
        "{b}小时内火车行驶 {a} + {b} = {s} km。",
        "{b}시간 동안 기차는 {a} + {b} = {s} km를 달린다.",
        "In {b} Stunden fährt der Zug {a} + {b} = {s} km.",
    ),
    "reason first": _same(
        "A speed must be multiplied by the time.",
        "速度应该乘以时间。",
        "속력에는 시간을 곱해야 한다.",
        "Eine Geschwindigkeit muss mit der Zeit multipliziert werden.",
    ),
    "second": _same(
        "On the new track it is {c} km less, which means {ab} - {c} = {r} km.",
        "新线路少了{c} km，也就是 {ab} - {c} = {r} km。",
        "새 노선에서는 {c} km가 줄어들므로 {ab} - {c} = {r} km이다.",
        "Auf der neuen Strecke sind es {c} km weniger, das heißt {ab} - {c} = {r} km.",
    ),
    "wrong second": _same(
        "The new track adds {c} km, and so it is {ab} + {c} = {x} km.",
        "新线路增加了{c} km，所以是 {ab} + {c} = {x} km。",
        "새 노선이 {c} km를 더하므로 {ab} + {c} = {x} km이다.",
        "Die neue Strecke kommt mit {c} km hinzu, also sind es {ab} + {c} = {x} km.",
    ),
    "reason second": _same(
        "The way became shorter and not longer.",
        "路程变短了，而不是变长了。",
        "길은 길어진 것이 아니라 짧아졌다.",
        "Der Weg wurde kürzer und nicht länger.",
    ),
    "check": _same(
        "This makes sense, because the train is as fast as before and only the way changed.",
        "这是合理的，因为火车的速度和以前一样，只有路程变了。",
        "기차의 속력은 전과 같고 길만 바뀌었으므로 이것은 타당하다.",
        "Das passt, denn der Zug ist so schnell wie vorher und nur der Weg hat sich geändert.",
    ),
    "last": _same(
        "Hence the new way is \\boxed{{{r}}} km long.",
        "因此新的路程长 \\boxed{{{r}}} km。",
        "따라서 새 길의 길이는 \\boxed{{{r}}} km이다.",
        "Somit ist der neue Weg \\boxed{{{r}}} km lang.",
    ),
}
EQUATION = {
    "question": _same(
        "Solve $\\frac{{x + {c}}}{{{b}}} = {a}$.",
        "解方程 $\\frac{{x + {c}}}{{{b}}} = {a}$。",
        "방정식 $\\frac{{x + {c}}}{{{b}}} = {a}$를 풀어라.",
        "Löse die Gleichung $\\frac{{x + {c}}}{{{b}}} = {a}$.",
    ),
    "first": _same(
        "We multiply both sides by {b} and obtain $x + {c} = {ab}$.",
        "两边同乘以{b}，得到 $x + {c} = {ab}$。",
        "양변에 {b}를 곱하면 $x + {c} = {ab}$를 얻는다.",
        "Wir multiplizieren beide Seiten mit {b} und erhalten $x + {c} = {ab}$.",
    ),
    "wrong first": _same(
        "We divide both sides by {b} and obtain $x + {c} = \\frac{{{a}}}{{{b}}}$.",
        "两边同除以{b}，得到 $x + {c} = \\frac{{{a}}}{{{b}}}$。",
        "양변을 {b}로 나누면 $x + {c} = \\frac{{{a}}}{{{b}}}$를 얻는다.",
        "Wir teilen beide Seiten durch {b} und erhalten $x + {c} = \\frac{{{a}}}{{{b}}}$.",
    ),
    "reason first": _same(
        "The left side was divided by {b}, so both sides must be multiplied by it.",
        "左边被{b}除过，所以两边应该乘以它。",
        "좌변은 {b}로 나눈 것이므로 양변에 그것을 곱해야 한다.",
        "Die linke Seite wurde durch {b} geteilt, also muss man beide Seiten damit multiplizieren.",
    ),
    "second": _same(
        "Now we subtract {c} from both sides, so $x = {ab} - {c} = {r}$.",
        "再从两边减去{c}，于是 $x = {ab} - {c} = {r}$。",
        "이제 양변에서 {c}를 빼면 $x = {ab} - {c} = {r}$이다.",
        "Nun ziehen wir auf beiden Seiten {c} ab, also $x = {ab} - {c} = {r}$.",
    ),
    "wrong second": _same(
        "Adding {c} to both sides gives $x = {ab} + {c} = {x}$.",
        "两边加上{c}，得到 $x = {ab} + {c} = {x}$。",
        "양변에 {c}를 더하면 $x = {ab} + {c} = {x}$이다.",
        "Addieren wir auf beiden Seiten {c}, so ist $x = {ab} + {c} = {x}$.",
    ),
    "reason second": _same(
        "The number stands there as a sum with $x$, so it must be taken away.",
        "这个数是加在 $x$ 上的，所以必须减去它。",
        "이 수는 $x$에 더해져 있으므로 빼야 한다.",
        "Die Zahl ist zu $x$ addiert, also muss man sie abziehen.",
    ),
    "check": _same(
        "Putting this into the equation again confirms it.",
        "把它代回方程，可以验证成立。",
        "이 값을 다시 방정식에 넣으면 성립함을 확인할 수 있다.",
        "Setzt man das wieder in die Gleichung ein, so stimmt sie.",
    ),
    "last": _same(
        "The solution is $\\boxed{{{r}}}$.",
        "方程的解是 $\\boxed{{{r}}}$。",
        "방정식의 해는 $\\boxed{{{r}}}$이다.",
        "Die Lösung ist $\\boxed{{{r}}}$.",
    ),
}
KINDS = (APPLES, RECTANGLE, TRAIN, EQUATION)


def drawn(rng: Random, language_texts: Mapping[str, Text]) -> dict[str, dict[str, str]]:
    """One problem of a kind with numbers: each of its texts by its name, in each language."""
    a, b = rng.randint(12, 48), rng.randint(3, 9)
    c = rng.randint(2, a * b - 2)
    numbers = {"a": a, "b": b, "c": c, "ab": a * b, "s": a + b, "r": a * b - c, "x": a * b + c}
    return {
        name: {language: text[language].format(**numbers) for language in LANGUAGES}
        for name, text in language_texts.items()
    }
