import { SQLTimeoutException, SQLTransactionRollbackException } from '../../src/api/sql-exception.ts'
import type { Classification } from '../../src/spi/classification.ts'
import { byNumber } from '../../src/sql/sqlstates.ts'

// From the "MySQL Server Error Message Reference" (https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html)
// and MariaDB's "Error Codes" (https://mariadb.com/kb/en/mariadb-error-codes/). Both servers give the same number the
// same meaning up to 1899 and, where MariaDB took it over, from 3000 to 3060; beyond that they went apart, and some
// numbers collide: 4025 is a failed CHECK on MariaDB, 4031 an idle client on MySQL.

/** What both mean. The SQLSTATE is not the server's own, which is often HY000 or 42000. */
export const common = byNumber({
  '02000': [1329, 1643],
  '07001': [1210],
  '08P01': [1043, 1156, 1157, 1835],
  '0A000': [
    1031, 1112, 1148, 1163, 1164, 1174, 1178, 1214, 1235, 1289, 1295, 1312, 1314, 1335, 1336, 1415, 1464,
    1506, 1845, 1846,
  ],
  '20000': [1339],
  '21000': [1172, 1242],
  '22001': [1301, 1406, 1470, 1742],
  '22003': [1264, 1690],
  '22004': [1138],
  '22007': [1292, 1299, 1367, 1411, 1525],
  '22008': [1441],
  '22012': [1365],
  '22018': [1265, 1366],
  '2201E': [3020],
  '2201B': [1139],
  '22021': [1300],
  '22023': [1231, 1232, 1298, 1416, 1425, 1426, 1427, 3037],
  '23502': [1048, 1263, 1364, 1423],
  '23503': [1216, 1217, 1451, 1452, 1834],
  '23505': [1022, 1062, 1169, 1569, 1586, 1761, 1762, 1859],
  '23514': [1526, 1591, 1748],
  '24000': [1325, 1326, 1421],
  '25001': [1179, 1192, 1568, 1766],
  '25006': [1036, 1207, 1792, 1836, 1874],
  '26000': [1243, 1615],
  '28000': [1129, 1130, 1251, 1275, 1524, 1820, 1862, 1873],
  '28P01': [1045, 1698],
  '2BP01': [1553, 1701, 1828, 1829],
  '2D000': [1422],
  '34000': [1324],
  '3D000': [1008, 1046, 1049],
  '40000': [1180],
  '40001': [1020, 1412],
  '40P01': [1213, 3058],
  '42501': [1044, 1095, 1131, 1132, 1142, 1143, 1211, 1227, 1345, 1370, 1404, 1405, 1410, 1419, 1448],
  '42601': [1058, 1064, 1065, 1136, 1149, 1221, 1222, 1234, 1241, 1248],
  '42602': [1102, 1103, 1166, 1280, 1458],
  '42622': [1059],
  '42701': [1060, 1110],
  '42702': [1052],
  '42703': [1054, 1072, 1488],
  '42704': [1082, 1091, 1094, 1115, 1141, 1147, 1176, 1193, 1273, 1286, 1360, 1477, 1507, 1539, 1735],
  '42710': [1068, 1359, 1476, 1517, 1537, 1826],
  '42712': [1066],
  '42723': [1125, 1304],
  '42803': [1055, 1056, 1111, 1140, 1463],
  '42809': [1288, 1347, 1471],
  '42883': [1107, 1128, 1305, 1318, 1582, 1583, 1584, 1630],
  '42P01': [1051, 1109, 1146, 1356, 1824],
  '42P04': [1007],
  '42P07': [1050, 1061],
  '42P21': [1267, 1270, 1271],
  '44000': [1369],
  '53000': [1135],
  '53100': [1021, 1114],
  '53200': [1037, 1038, 1041, 1206, 3015],
  '53300': [1040, 1203],
  '53400': [1197, 1226, 1461, 1637, 1705],
  '54000': [1069, 1070, 1071, 1074, 1104, 1116, 1118, 1153, 1162, 1709],
  '54001': [1119, 1424, 1436, 1456, 1473, 3008],
  '54011': [1117],
  '54023': [1390],
  '55006': [1027],
  '55000': [1099, 1100],
  '55P02': [1228, 1229, 1233, 1238, 1621],
  '55P03': [1205, 1689],
  '57014': [1317],
  '57P03': [3032],
  '58030': [1016, 1024, 1026, 1030, 1810, 1811],
  XA100: [1402],
  XA102: [1614],
  XA106: [1613],
  XAE03: [1401],
  XAE04: [1397],
  XAE05: [1398],
  XAE07: [1399],
  XAE08: [1440],
  XAE09: [1400],
  XX000: [1815],
  XX001: [1034, 1194, 1195, 1712, 1728, 1817, 1877],
})

export const ofMySql = byNumber({
  '0A000': [3167, 3658, 3889, 3948],
  '22001': [3751, 3907],
  '22003': [3155, 3669, 3752, 4074],
  '22032': [3140, 3141, 3143, 3146, 3147, 3156, 3157, 3158, 3903],
  '23502': [3673],
  '23514': [3819],
  '25006': [3989],
  '28000': [3118, 3159, 3891, 3892, 3955],
  '2BP01': [3730, 3959],
  '40001': [3101],
  '40P01': [3132],
  '42501': [3530, 3552, 3554, 3555, 3556, 3557, 3566, 3619, 3879],
  '42703': [3734],
  '42704': [3162, 3523, 3821, 3940],
  '42710': [3163, 3822],
  '3D000': [3503],
  '53100': [3675],
  '53200': [3044, 3171, 3985],
  '54000': [3170, 3231],
  '54001': [3636],
  '55P03': [3133, 3177, 3572],
  '57014': [3024, 3699],
  '57P03': [3168],
})

export const ofMariaDb = byNumber({
  '0A000': [4047, 4166],
  '0L000': [1960],
  '0P000': [1959],
  '22003': [1916, 1917],
  '22007': [1918, 1978],
  '22021': [1977],
  '22032': [4035, 4036, 4037, 4038, 4039, 4040],
  '23514': [4025],
  '25P02': [4060],
  '28000': [4150, 4151],
  '42501': [1961, 1962, 1979],
  '42704': [1974, 1976, 4161],
  '42710': [1973, 1975],
  '42809': [1965, 4089, 4090],
  '42883': [4080, 4162],
  '42P01': [1932, 4091, 4092],
  '2200H': [4084],
  '53100': [4139],
  '57014': [1969, 4192],
})

/** The session is over: shut down, killed, too long without a word, or the network between. */
export const fatalInCommon = byNumber({
  '08006': [1080, 1152, 1154, 1155, 1158, 1159, 1160, 1161, 1184, 2006, 2013, 2055],
  '57P01': [1053],
})
export const fatalOnMySql = byNumber({ '57P01': [3169], '57P05': [4031] })
export const fatalOnMariaDb = byNumber({ '57P01': [1927] })

const rolledBack: Partial<Classification> = { transaction: 'ended' }
const timeout: Partial<Classification> = { class: SQLTimeoutException, reason: 'timeout' }
const xaRolledBack: Partial<Classification> = {
  class: SQLTransactionRollbackException,
  retry: 'transaction',
  transaction: 'ended',
}

/** What the SQLSTATE does not say. */
export const knownInCommon: Readonly<Record<number, Partial<Classification>>> = {
  // The server answers, and hangs up.
  1153: { fatal: true, transaction: 'ended' },
  1180: rolledBack,
  // InnoDB gives its locks up with the whole transaction.
  1206: { ...rolledBack, retry: 'transaction' },
  1213: rolledBack,
  1402: xaRolledBack,
  1613: xaRolledBack,
  1614: xaRolledBack,
}

export const knownOnMySql: Readonly<Record<number, Partial<Classification>>> = {
  3024: timeout,
  3101: rolledBack,
  3699: timeout,
}

export const knownOnMariaDb: Readonly<Record<number, Partial<Classification>>> = {
  1020: rolledBack,
  1969: timeout,
  4060: { transaction: 'failed' },
  4192: timeout,
}
