"""Other people's words for what captions call otherwise.

A model with a small vocabulary reads the caption's word in their place.
"""

from __future__ import annotations


def _read(table: str) -> dict[str, tuple[str, ...]]:
    """``known words: other, words`` a line -> the known words of each other word."""
    synonyms = {}
    for line in table.strip().splitlines():
        known, _, others = line.partition(":")
        synonyms |= {other: tuple(known.split()) for other in others.replace(",", " ").split()}
    return synonyms


SYNONYMS = _read("""
woman: female girl gal lass dame madam maiden mother mom mum
woman: grandmother granny grandma wife sister aunt
woman: businesswoman actress heroine queen princess feminine
man: male guy boy bloke chap dude fellow lad sir mister
man: father dad grandfather grandpa husband brother uncle
man: businessman actor hero king prince masculine
young: youthful teen teenage twentysomething juvenile
elderly: old aged ancient senior geriatric pensioner retiree wrinkled wrinkly
middle-aged: mature fortysomething
hair: locks tresses mane hairdo hairstyle coiffure strands
black: raven jet inky onyx ebony sable
brown hair: brunette
brown: brunet chestnut chocolate hazel mahogany coffee mocha umber
dark brown: espresso walnut
light brown: mousy caramel fawn
blond: golden flaxen yellow sandy straw honey towheaded gold strawberry
platinum blond: bleached peroxide ashy ash
red hair: redhead redheaded
red: ginger scarlet copper coppery fiery orange crimson carrot rust rusty carroty
auburn: russet titian burgundy maroon
gray: silver silvery salt-and-pepper grizzled graying greying ashen steely
white: snowy snow ivory hoary
blue: azure turquoise cobalt navy indigo teal cyan aqua
pink: magenta fuchsia rose
curly: curls curled ringlets frizzy kinky coiled coils corkscrew permed curl
wavy: waves wave undulating beachy
straight: sleek straightened lank
short: cropped brief pixie shorn
long: waist-length flowing lengthy
bald: hairless baldheaded balding
buzz cut: crewcut buzzcut
bob: bobbed
braid: plait plaits pigtail pigtails cornrows plaited
ponytail: pony
tousled: messy dishevelled disheveled unkempt ruffled shaggy scruffy mussed windblown
slicked-back: gelled pomaded
stubble: scruff bristles unshaven whiskered stubbled bristly
beard: whiskers
beard: bearded
moustache: mustachioed moustached mustached handlebar
goatee: vandyke
glasses: spectacles specs eyewear bifocals monocle goggles lenses spectacled bespectacled
sunglasses: shades aviators wayfarers
round: circular
rectangular: oblong boxy
hat: headgear bonnet headwear
beanie: toque tuque
fedora: trilby bowler panama
cap: snapback ballcap
headscarf: hijab kerchief bandana bandanna babushka shawl veil
earrings: earring studs hoops earbobs eardrops
necklace: chain pendant choker locket pearls beads
lipstick: makeup lippy rouged lipgloss
eyeshadow: mascara eyeliner eye-shadow
blush: rouge blusher
rosy cheeks: flushed blushing
freckles: freckly speckles speckled
freckled: freckle-faced
pale: pallid porcelain milky ghostly alabaster whitish
fair: creamy
tan: tanned bronzed sunburnt suntanned swarthy sunkissed
olive: mediterranean
dark skin: dark-skinned
light skin: light-skinned
smile: grin beam smirk
smiling: grinning beaming cheerful happy joyful smirking merry cheery glad laughing
smiling broadly: toothy
sad: unhappy gloomy sorrowful mournful tearful melancholy dejected crying
frowning: scowling angry glowering cross mad grumpy furious annoyed
frown: scowl
surprised: astonished amazed shocked startled stunned astounded
calm: serene relaxed placid composed peaceful
neutral: blank expressionless impassive deadpan
open mouth: agape gaping yawning
closed eyes: sleeping asleep
looking: gazing glancing staring peering
facing: oriented
slightly: faintly subtly
""")
"""By word in lower case: the captions' words that it is read as."""
