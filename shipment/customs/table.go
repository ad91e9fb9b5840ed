package customs

import "strings"

// EU is the area of the European Union: what is in its customs territory
// (Regulation (EU) No 952/2013, Article 4) and in its VAT territory (Directive
// 2006/112/EC, Articles 5 to 7). Goods to and from a part that is outside one of the
// two need a declaration: between the customs territory and the "special fiscal
// territories" that are outside the VAT territory alone, such as the Canary Islands
// and the French overseas departments, Article 1(3) of the Regulation demands it.
//
// Monaco belongs to both with France. Northern Ireland applies the Union's customs
// law to goods (Windsor Framework, Article 5), so its border is the one with Great
// Britain.
const EU = "EU"

// members are the territories that share an area with others. Other customs unions,
// such as those of Southern Africa, Eurasia or the Gulf, still have papers at their
// inner borders, for taxes, and are not in the table; nor are the Union's customs
// unions with Andorra, San Marino and Turkey.
var members = func() map[string]string {
	areas := map[string]string{
		"IM": "GB", // Isle of Man: customs and VAT union with the United Kingdom (Customs and Excise Agreement 1979)
		"LI": "CH", // Liechtenstein: customs union treaty with Switzerland of 1923
		"PR": "US", // Puerto Rico: customs territory of the United States (19 CFR 101.1)
	}
	const union = `AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MC MT NL PL PT RO SE SI SK ` + northernIreland
	for territory := range strings.FieldsSeq(union) {
		areas[territory] = EU
	}
	return areas
}()

// northernIreland is the United Kingdom's territory in the Union's area.
const northernIreland = "GB-NIR"

// exception is a territory that is addressed as a part of a country and is, for
// customs, another one.
type exception struct {
	area      string
	postcodes postcodes
	states    string // ISO 3166-2 subdivisions, separated by spaces
}

// exceptions are looked through in order, by country.
var exceptions = map[string][]exception{
	"AU": { // external territories (Customs Act 1901, section 4)
		{area: "CX", postcodes: postcodes{"6798"}},
		{area: "CC", postcodes: postcodes{"6799"}},
		{area: "NF", postcodes: postcodes{"2899"}},
	},
	"CH": {
		{area: "CH-SAMNAUN", postcodes: postcodes{"7562", "7563"}}, // Swiss customs exclusion zone
		{area: "IT-CAMPIONE", postcodes: postcodes{"6911"}},        // Campione's code of the Swiss post
	},
	"CN": { // China Post's codes
		{area: "HK", postcodes: postcodes{"999077"}, states: "HK"},
		{area: "MO", postcodes: postcodes{"999078"}, states: "MO"},
		{area: "TW", states: "TW"},
	},
	"DE": { // Regulation (EU) No 952/2013, Article 4
		{area: "DE-HELIGOLAND", postcodes: postcodes{"27498"}},
		{area: "CH", postcodes: postcodes{"78266"}}, // Büsingen: customs union with Switzerland
	},
	"DK": { // neither belongs to the Union
		{area: "GL", postcodes: postcodes{"39", "GL"}},
		{area: "FO", postcodes: postcodes{"FO"}},
	},
	"ES": {
		{area: "ES-CANARIES", postcodes: postcodes{"35", "38"}, states: "CN GC TF"}, // outside the VAT territory
		{area: "ES-CEUTA", postcodes: postcodes{"51"}, states: "CE"},
		{area: "ES-MELILLA", postcodes: postcodes{"52"}, states: "ML"},
		{area: "AD", postcodes: postcodes{"AD"}},
	},
	"FI": {{area: "AX", postcodes: postcodes{"22", "AX"}, states: "01"}}, // Åland: outside the VAT territory
	"FR": { // overseas; the departments are outside the VAT territory
		{area: "BL", postcodes: postcodes{"97133", "977"}, states: "BL"},
		{area: "MF", postcodes: postcodes{"97150", "978"}, states: "MF"},
		{area: "GP", postcodes: postcodes{"971"}, states: "GP 971"},
		{area: "MQ", postcodes: postcodes{"972"}, states: "MQ 972"},
		{area: "GF", postcodes: postcodes{"973"}, states: "GF 973"},
		{area: "RE", postcodes: postcodes{"974"}, states: "RE 974"},
		{area: "PM", postcodes: postcodes{"975"}, states: "PM"},
		{area: "YT", postcodes: postcodes{"976"}, states: "YT 976"},
		{area: "TF", postcodes: postcodes{"984"}, states: "TF"},
		{area: "WF", postcodes: postcodes{"986"}, states: "WF"},
		{area: "PF", postcodes: postcodes{"987"}, states: "PF"},
		{area: "NC", postcodes: postcodes{"988"}, states: "NC"},
		{area: "AD", postcodes: postcodes{"AD"}},
	},
	"GB": {
		// With the districts of ISO 3166-2.
		{area: northernIreland, postcodes: postcodes{"BT"}, states: "NIR ABC AND ANN BFS CCG DRS FMO LBC MEA MUL NMD"},
		{area: "JE", postcodes: postcodes{"JE"}, states: "JSY"}, // Channel Islands: outside the VAT territory
		{area: "GG", postcodes: postcodes{"GY"}, states: "GSY"},
		{area: "GI", postcodes: postcodes{"GX11"}},
		// Overseas territories that have postcodes of their own in the British form.
		{area: "AI", postcodes: postcodes{"AI2640"}},
		{area: "FK", postcodes: postcodes{"FIQQ"}},
		{area: "GS", postcodes: postcodes{"SIQQ"}},
		{area: "IO", postcodes: postcodes{"BBND"}},
		{area: "PN", postcodes: postcodes{"PCRN"}},
		{area: "SH", postcodes: postcodes{"ASCN", "STHL", "TDCU"}},
		{area: "TC", postcodes: postcodes{"TKCA"}},
		{area: "AQ", postcodes: postcodes{"BIQQ"}},
		{area: "GB-FORCES", postcodes: postcodes{"BF1", "BFPO"}}, // British Forces Post Office: travels with customs forms
	},
	"GR": {{area: "GR-ATHOS", postcodes: postcodes{"63086", "63087"}, states: "69"}}, // outside the VAT territory
	"IT": {
		{area: "IT-LIVIGNO", postcodes: postcodes{"23041"}}, // Regulation (EU) No 952/2013, Article 4
		// In the customs territory since 2020 (Regulation (EU) 2019/474), and still outside
		// the VAT territory (Directive 2006/112/EC, Article 6(1)(f)).
		{area: "IT-CAMPIONE", postcodes: postcodes{"22061"}},
		{area: "SM", postcodes: postcodes{"4789"}},
		{area: "VA", postcodes: postcodes{"00120"}},
	},
	"NL": { // the Caribbean part, which is outside the Union
		{area: "AW", states: "AW"},
		{area: "CW", states: "CW"},
		{area: "SX", states: "SX"},
		{area: "BQ", states: "BQ1 BQ2 BQ3"},
	},
	"NO": {{area: "SJ", postcodes: postcodes{"8099", "917"}, states: "21 22"}}, // Svalbard and Jan Mayen (Customs Duty Act)
	"US": { // outside the customs territory (19 CFR 101.1); military post travels with customs forms
		{area: "VI", postcodes: postcodes{"008"}, states: "VI"},
		// States in free association have postal codes of the United States.
		{area: "PW", postcodes: postcodes{"96939", "96940"}, states: "PW"},
		{area: "FM", postcodes: postcodes{"96941", "96942", "96943", "96944"}, states: "FM"},
		{area: "MH", postcodes: postcodes{"96960", "96970"}, states: "MH"},
		{area: "GU", postcodes: postcodes{"9691", "9692", "9693"}, states: "GU"},
		{area: "MP", postcodes: postcodes{"9695"}, states: "MP"},
		{area: "AS", postcodes: postcodes{"96799"}, states: "AS"},
		{area: "UM", postcodes: postcodes{"96898"}, states: "UM"},
		{area: "US-MILITARY", postcodes: postcodes{"340", "090", "091", "092", "093", "094", "095", "096", "097", "098", "099", "962", "963", "964", "965", "966"}, states: "AA AE AP"},
	},
}
