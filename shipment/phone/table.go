package phone

// plans are the numbering plans of countries and territories by their trunk
// prefix, which stands before a number that is dialled within the country: the
// country (ISO 3166-1 alpha-2), its calling code (ITU-T E.164), and how many digits
// a national number has. They are those of libphonenumber 9.0.32
// (https://github.com/google/libphonenumber, Apache License 2.0). Lithuania had
// another trunk prefix, which people still write.
var plans = map[string]string{
	"": `AC 247 5-6; AD 376 6-9; AO 244 9-9; AW 297 7-7; BF 226 8-8; BH 973 8-8; BI 257 8-8; BJ 229 8-10; BN 673 7-7;
		BQ 599 7-7; BT 975 7-8; BW 267 7-10; BZ 501 7-11; CF 236 8-8; CG 242 9-9; CI 225 10-10; CK 682 5-5; CL 56
		9-11; CM 237 8-9; CR 506 8-10; CV 238 7-7; CW 599 7-8; CY 357 8-8; CZ 420 9-12; DJ 253 8-8; DK 45 8-8; EE 372
		7-10; ES 34 9-9; FJ 679 7-11; FK 500 5-5; FM 691 7-7; FO 298 6-6; GA 241 7-8; GI 350 8-8; GL 299 6-6; GM 220
		7-7; GN 224 8-9; GQ 240 9-9; GR 30 10-12; GT 502 8-11; GW 245 7-9; GY 592 7-7; HK 852 5-11; HN 504 8-11; HT
		509 8-8; IO 246 7-7; IS 354 7-9; IT 39 6-12; KM 269 7-7; KW 965 7-8; LS 266 8-8; LU 352 4-11; LV 371 8-8; ML
		223 8-8; MO 853 7-8; MR 222 8-8; MT 356 8-8; MU 230 7-10; MV 960 7-10; MX 52 10-10; MZ 258 8-9; NC 687 6-6; NE
		227 8-8; NF 672 6-6; NI 505 8-8; NO 47 5-8; NR 674 7-7; NU 683 4-7; OM 968 7-9; PA 507 7-11; PF 689 6-9; PG
		675 7-8; PL 48 6-10; PT 351 9-9; PW 680 7-7; QA 974 7-11; SB 677 5-7; SC 248 7-7; SG 65 8-11; SH 290 4-5; SJ
		47 5-8; SM 378 8-10; SN 221 9-9; SR 597 6-7; ST 239 7-7; SV 503 7-11; SZ 268 8-9; TA 290 4-4; TD 235 8-8; TG
		228 8-8; TJ 992 9-9; TK 690 4-7; TL 670 7-8; TN 216 8-8; TO 676 5-7; TV 688 5-7; UZ 998 9-9; VA 39 6-12; VU
		678 5-7; WF 681 6-9; WS 685 5-10`,
	"0": `AE 971 5-12; AF 93 9-9; AL 355 6-9; AM 374 8-8; AR 54 10-11; AT 43 4-13; AU 61 5-12; AX 358 5-12; AZ 994 9-9;
		BA 387 8-9; BD 880 6-10; BE 32 8-9; BG 359 6-12; BL 590 9-9; BO 591 8-9; BR 55 8-11; CC 61 6-12; CD 243 7-10;
		CH 41 9-12; CN 86 7-12; CO 57 8-11; CU 53 6-10; CX 61 6-12; DE 49 4-15; DZ 213 8-9; EC 593 8-11; EG 20 8-10;
		EH 212 9-9; ER 291 7-7; ET 251 9-9; FI 358 5-12; FR 33 9-9; GB 44 7-10; GE 995 9-9; GF 594 9-9; GG 44 7-10; GH
		233 8-9; GP 590 9-9; HR 385 7-9; ID 62 7-17; IE 353 7-10; IL 972 7-12; IM 44 10-10; IN 91 8-13; IQ 964 8-10;
		IR 98 4-10; JE 44 10-10; JO 962 8-9; JP 81 8-17; KE 254 7-10; KG 996 9-10; KH 855 8-10; KI 686 5-8; KP 850
		8-10; KR 82 5-14; LA 856 8-10; LB 961 7-8; LI 423 7-9; LK 94 9-9; LR 231 7-9; LT 370 8-8; LY 218 9-9; MA 212
		9-9; MC 377 8-9; MD 373 8-8; ME 382 8-9; MF 590 9-9; MG 261 9-9; MK 389 8-8; MM 95 6-10; MN 976 8-10; MQ 596
		9-9; MW 265 7-9; MY 60 8-10; NA 264 8-9; NG 234 10-14; NL 31 5-11; NP 977 8-11; NZ 64 5-10; PE 51 8-9; PH 63
		6-13; PK 92 8-12; PM 508 6-9; PS 970 8-10; PY 595 6-11; RE 262 9-9; RO 40 6-9; RS 381 6-12; RW 250 8-9; SA 966
		9-10; SD 249 9-9; SE 46 6-12; SI 386 5-8; SK 421 6-9; SL 232 8-8; SO 252 6-9; SS 211 9-9; SY 963 8-9; TH 66
		8-13; TR 90 7-13; TW 886 7-11; TZ 255 9-9; UA 380 9-10; UG 256 9-9; UY 598 4-13; VE 58 10-10; VN 84 7-10; XK
		383 8-12; YE 967 7-9; YT 262 9-9; ZA 27 5-10; ZM 260 9-9; ZW 263 5-10`,
	"06": `HU 36 8-9`,
	"1": `AG 1 10-10; AI 1 10-10; AS 1 10-10; BB 1 10-10; BM 1 10-10; BS 1 10-10; CA 1 7-10; DM 1 10-10; DO 1 10-10; GD
		1 10-10; GU 1 10-10; JM 1 10-10; KN 1 10-10; KY 1 10-10; LC 1 10-10; MH 692 7-7; MP 1 10-10; MS 1 10-10; PR 1
		10-10; SX 1 10-10; TC 1 10-10; TT 1 10-10; US 1 10-10; VC 1 10-10; VG 1 10-10; VI 1 10-10`,
	"80": `BY 375 6-11`,
	"8":  `KZ 7 10-14; RU 7 10-14; TM 993 8-8; LT 370 8-8`,
}

// nonGeographic are the calling codes of services that belong to no country.
const nonGeographic = `800 808 870 878 881 882 883 888 979`

// exits are what countries dial before a calling code, where that is not "00".
var exits = map[string]string{
	"011":  `AG AI AS BB BM BS CA DM DO GD GU JM KN KY LC MH MP MS PR SX TC TT US VC VG VI`,
	"810":  `BY KZ RU TJ TM`,
	"0011": `AU CC CX`,
	"010":  `JP`,
}
