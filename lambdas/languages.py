"""Languages by their codes, each with its name in that language. Pure.

The codes are those of ISO 639-1 and of both lists of ISO 639-2, and ISO 639-3's for Mandarin and Cantonese. The names
are from Unicode's CLDR, version 47.
"""

import re
from typing import NamedTuple

UNKNOWN = "und"
"""BCP 47's tag for a track without a known language."""


class Language(NamedTuple):
    tag: str
    """BCP 47 tag for manifests: `de`, `pt-BR`. `und` if it is not known."""
    name: str
    """Name for menus: `Deutsch`. Empty for `und`."""


def language(code: str) -> Language | None:
    """The language of a code such as `de`, `deu`, `ger`, `pt-BR` or `zh_Hant`. None if the code is not known."""
    primary, *rest = code.replace("_", "-").split("-")
    tag = _TAGS.get(primary.lower())
    if tag is None or not all(_SUBTAG.fullmatch(part) for part in rest):
        return None
    # By BCP 47 a script is written Hant, and a region TW or 419.
    full = "-".join([tag, *(part.title() if len(part) == 4 else part.upper() for part in rest)])
    qualifier = " ".join(full.split("-")[1:])
    name = _NAMES.get(full) or (f"{_NAMES[tag]} ({qualifier})" if qualifier else _NAMES[tag])
    return Language(full, name)


_SUBTAG = re.compile(r"[A-Za-z]{4}|[A-Za-z]{2}|\d{3}")
"""A script or a region. Variants and private tags are rare, and look like a part of a film's name, so they are not
read."""

# BCP 47 tag, ISO 639-2/T, ISO 639-2/B, name.
_TABLE = """
aa aar aar Afar
ab abk abk Abkhazian
ae ave ave Avestan
af afr afr Afrikaans
ak aka aka Akan
am amh amh አማርኛ
an arg arg Aragonese
ar ara ara العربية
as asm asm অসমীয়া
ast ast ast Asturianu
av ava ava Avaric
ay aym aym Aymara
az aze aze Azərbaycan
ba bak bak Башҡорт
bas bas bas Ɓàsàa
be bel bel Беларуская
bem bem bem Ichibemba
bg bul bul Български
bho bho bho भोजपुरी
bi bis bis Bislama
bm bam bam Bamanakan
bn ben ben বাংলা
bo bod tib བོད་སྐད་
br bre bre Brezhoneg
bs bos bos Bosanski
bua bua bua Буряад
ca cat cat Català
ce che che Нохчийн
ceb ceb ceb Cebuano
ch cha cha Chamorro
cmn cmn cmn 普通话
chr chr chr ᏣᎳᎩ
co cos cos Corsican
cr cre cre Cree
cs ces cze Čeština
cu chu chu Church Slavic
cv chv chv Чӑваш чӗлхи
cy cym wel Cymraeg
da dan dan Dansk
de deu ger Deutsch
de-AT - - Österreichisches Deutsch
de-CH - - Schweizer Hochdeutsch
doi doi doi डोगरी
dsb dsb dsb Dolnoserbšćina
dua dua dua Duálá
dv div div Divehi
dz dzo dzo རྫོང་ཁ
ee ewe ewe Eʋegbe
el ell gre Ελληνικά
en eng eng English
en-AU - - Australian English
en-CA - - Canadian English
en-GB - - British English
en-IN - - English (India)
en-US - - American English
eo epo epo Esperanto
es spa spa Español
es-419 - - Español latinoamericano
es-ES - - Español de España
es-MX - - Español de México
et est est Eesti
eu eus baq Euskara
ewo ewo ewo Ewondo
fa fas per فارسی
ff ful ful Pulaar
fi fin fin Suomi
fil fil fil Filipino
fj fij fij Fijian
fo fao fao Føroyskt
fr fra fre Français
fr-BE - - Français (Belgique)
fr-CA - - Français canadien
fr-CH - - Français suisse
fur fur fur Furlan
fy fry fry Frysk
ga gle gle Gaeilge
gaa gaa gaa Gã
gd gla gla Gàidhlig
gl glg glg Galego
gn grn grn Guarani
gsw gsw gsw Schwiizertüütsch
gu guj guj ગુજરાતી
gv glv glv Gaelg
ha hau hau Hausa
haw haw haw ʻŌlelo Hawaiʻi
he heb heb עברית
hi hin hin हिन्दी
ho hmo hmo Hiri Motu
hr hrv hrv Hrvatski
hsb hsb hsb Hornjoserbšćina
ht hat hat Haitian
hu hun hun Magyar
hy hye arm Հայերեն
hz her her Herero
ia ina ina Interlingua
id ind ind Indonesia
ie ile ile Interlingue
ig ibo ibo Igbo
ii iii iii ꆈꌠꉙ
ik ipk ipk Inupiaq
io ido ido Ido
is isl ice Íslenska
it ita ita Italiano
iu iku iku Inuktitut
ja jpn jpn 日本語
jv jav jav Jawa
ka kat geo Ქართული
kab kab kab Taqbaylit
kam kam kam Kikamba
kg kon kon Kongo
ki kik kik Gikuyu
kj kua kua Kuanyama
kk kaz kaz Қазақ тілі
kl kal kal Kalaallisut
km khm khm ខ្មែរ
kn kan kan ಕನ್ನಡ
ko kor kor 한국어
kok kok kok कोंकणी
kr kau kau Kanuri
ks kas kas کٲشُر
ku kur kur Kurdî (kurmancî)
kv kom kom Komi
kw cor cor Kernewek
ky kir kir Кыргызча
la lat lat Latin
lb ltz ltz Lëtzebuergesch
lg lug lug Luganda
li lim lim Limburgan
ln lin lin Lingála
lo lao lao ລາວ
lt lit lit Lietuvių
lu lub lub Tshiluba
luo luo luo Dholuo
lv lav lav Latviešu
mai mai mai मैथिली
mas mas mas Maa
mg mlg mlg Malagasy
mh mah mah Marshallese
mi mri mao Māori
mk mkd mac Македонски
ml mal mal മലയാളം
mn mon mon Монгол
mni mni mni মৈতৈলোন্
mr mar mar मराठी
ms msa may Melayu
mt mlt mlt Malti
my mya bur မြန်မာ
na nau nau Nauru
nb nob nob Norsk bokmål
nd nde nde IsiNdebele
nds nds nds Neddersass’sch
ne nep nep नेपाली
ng ndo ndo Ndonga
nl nld dut Nederlands
nl-BE - - Vlaams
nn nno nno Norsk nynorsk
no nor nor Norsk
nqo nqo nqo ߒߞߏ
nr nbl nbl Ndebele, South
nso nso nso Sesotho sa Leboa
nv nav nav Navajo
ny nya nya Chichewa
nyn nyn nyn Runyankore
oc oci oci Occitan
oj oji oji Ojibwa
om orm orm Oromoo
or ori ori ଓଡ଼ିଆ
os oss oss Ирон
pa pan pan ਪੰਜਾਬੀ
pi pli pli Pali
pl pol pol Polski
ps pus pus پښتو
pt por por Português
pt-BR - - Português (Brasil)
pt-PT - - Português europeu
qu que que Runasimi
raj raj raj राजस्थानी
rm roh roh Rumantsch
rn run run Ikirundi
ro ron rum Română
ru rus rus Русский
rw kin kin Ikinyarwanda
sa san san संस्कृत भाषा
sah sah sah Саха тыла
sat sat sat ᱥᱟᱱᱛᱟᱲᱤ
sc srd srd Sardu
scn scn scn Sicilianu
sd snd snd سنڌي
se sme sme Davvisámegiella
sg sag sag Sängö
shn shn shn တႆး
si sin sin සිංහල
sk slk slo Slovenčina
sl slv slv Slovenščina
sm smo smo Samoan
smn smn smn Anarâškielâ
sn sna sna ChiShona
so som som Soomaali
sq sqi alb Shqip
sr srp srp Српски
sr-Cyrl - - Српски (ћирилица)
sr-Latn - - Srpski (latinica)
ss ssw ssw Swati
st sot sot Sesotho
su sun sun Basa Sunda
sv swe swe Svenska
sw swa swa Kiswahili
syr syr syr ܣܘܪܝܝܐ
ta tam tam தமிழ்
te tel tel తెలుగు
tg tgk tgk Тоҷикӣ
th tha tha ไทย
ti tir tir ትግርኛ
tk tuk tuk Türkmen dili
tl tgl tgl Tagalog
tn tsn tsn Setswana
to ton ton Lea fakatonga
tr tur tur Türkçe
ts tso tso Tsonga
tt tat tat Татар
tw twi twi Twi
ty tah tah Tahitian
tyv tyv tyv Тыва
ug uig uig ئۇيغۇرچە
uk ukr ukr Українська
ur urd urd اردو
uz uzb uzb O‘zbek
vai vai vai ꕙꔤ
ve ven ven Venda
vi vie vie Tiếng Việt
vo vol vol Volapük
wa wln wln Walloon
wo wol wol Wolof
xh xho xho IsiXhosa
yi yid yid ייִדיש
yo yor yor Èdè Yorùbá
yue yue yue 粵語
za zha zha Vahcuengh
zgh zgh zgh ⵜⴰⵎⴰⵣⵉⵖⵜ
zh zho chi 中文
zh-HK - - 中文（中國香港特別行政區）
zh-Hans - - 简体中文
zh-Hant - - 繁體中文
zu zul zul IsiZulu
"""
_ROWS = [line.split(" ", 3) for line in _TABLE.strip().splitlines()]
_NAMES = {tag: name for tag, _, _, name in _ROWS} | {UNKNOWN: ""}
_TAGS = {code: row[0] for row in _ROWS for code in row[:3] if "-" not in row[0]} | {UNKNOWN: UNKNOWN}
