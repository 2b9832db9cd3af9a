// Tables behind the catalogue: places, server types, system images. The numbers are of the kind
// Hetzner publishes and good for trying things out; they are no price list.

const EU = ['fsn1', 'nbg1', 'hel1'];
const FAR = ['ash', 'hil', 'sin'];

export const LOCATIONS = [
  [1, 'fsn1', 'Falkenstein DC Park 1', 'DE', 'Falkenstein', 50.47612, 12.370071, 'eu-central'],
  [2, 'nbg1', 'Nuremberg DC Park 1', 'DE', 'Nuremberg', 49.452102, 11.076665, 'eu-central'],
  [3, 'hel1', 'Helsinki DC Park 1', 'FI', 'Helsinki', 60.169855, 24.938379, 'eu-central'],
  [4, 'ash', 'Ashburn, VA', 'US', 'Ashburn, VA', 39.045821, -77.487073, 'us-east'],
  [5, 'hil', 'Hillsboro, OR', 'US', 'Hillsboro, OR', 45.54222, -122.951924, 'us-west'],
  [6, 'sin', 'Singapore', 'SG', 'Singapore', 1.283333, 103.833333, 'ap-southeast'],
];

const RETIRED = { announced: '2026-06-01T00:00:00Z', unavailable_after: '2026-09-01T00:00:00Z' };
const RETIRING = { announced: '2026-10-15T00:00:00Z', unavailable_after: '2027-01-15T00:00:00Z' };

// monthly: net price in hundredths of a cent of the Euro, in the first group of locations; far ones
// cost more
export const SERVER_TYPES = [
  // id, name, cores, memory GB, disk GB, cpu, architecture, monthly, locations, deprecation
  [22, 'cpx11', 2, 2, 40, 'shared', 'x86', 38500, [...EU, ...FAR], RETIRING],
  [104, 'cx22', 2, 4, 40, 'shared', 'x86', 37900, EU, RETIRED],
  [114, 'cx23', 2, 4, 40, 'shared', 'x86', 34900, EU, null],
  [115, 'cx33', 4, 8, 80, 'shared', 'x86', 54900, EU, null],
  [116, 'cx43', 8, 16, 160, 'shared', 'x86', 94900, EU, null],
  [117, 'cx53', 16, 32, 320, 'shared', 'x86', 174900, EU, null],
  [45, 'cax11', 2, 4, 40, 'shared', 'arm', 37900, EU, null],
  [93, 'cax21', 4, 8, 80, 'shared', 'arm', 64900, EU, null],
  [94, 'cax31', 8, 16, 160, 'shared', 'arm', 124900, EU, null],
  [95, 'cax41', 16, 32, 320, 'shared', 'arm', 244900, EU, null],
  [108, 'cpx12', 1, 2, 40, 'shared', 'x86', 49900, [...EU, ...FAR], null],
  [109, 'cpx22', 2, 4, 80, 'shared', 'x86', 64900, [...EU, ...FAR], null],
  [110, 'cpx32', 4, 8, 160, 'shared', 'x86', 109900, [...EU, ...FAR], null],
  [111, 'cpx42', 8, 16, 320, 'shared', 'x86', 199900, [...EU, ...FAR], null],
  [112, 'cpx52', 12, 24, 480, 'shared', 'x86', 284900, [...EU, ...FAR], null],
  [113, 'cpx62', 16, 32, 640, 'shared', 'x86', 389900, [...EU, ...FAR], null],
  [96, 'ccx13', 2, 8, 80, 'dedicated', 'x86', 124900, [...EU, ...FAR], null],
  [97, 'ccx23', 4, 16, 160, 'dedicated', 'x86', 244900, [...EU, ...FAR], null],
  [98, 'ccx33', 8, 32, 240, 'dedicated', 'x86', 484900, [...EU, ...FAR], null],
  [99, 'ccx43', 16, 64, 360, 'dedicated', 'x86', 964900, [...EU, ...FAR], null],
  [100, 'ccx53', 32, 128, 600, 'dedicated', 'x86', 1924900, [...EU, 'ash', 'hil'], null],
  [101, 'ccx63', 48, 192, 960, 'dedicated', 'x86', 2884900, [...EU, 'ash', 'hil'], null],
];

export const IMAGES = [
  // id x86, id arm, name, description, flavour, version, created, deprecated since
  [114690387, 114690389, 'debian-12', 'Debian 12', 'debian', '12', '2023-06-13', null],
  [312345001, 312345002, 'debian-13', 'Debian 13', 'debian', '13', '2025-08-11', null],
  [45557056, 103907373, 'debian-11', 'Debian 11', 'debian', '11', '2021-08-16', '2026-09-01'],
  [67794396, 103908130, 'ubuntu-22.04', 'Ubuntu 22.04', 'ubuntu', '22.04', '2022-04-21', null],
  [161547269, 161547270, 'ubuntu-24.04', 'Ubuntu 24.04', 'ubuntu', '24.04', '2024-04-25', null],
  [310557660, 310557661, 'fedora-42', 'Fedora 42', 'fedora', '42', '2025-04-15', null],
  [45778092, 103908070, 'centos-stream-9', 'CentOS 9', 'centos', 'stream9', '2021-12-09', null],
  [76766499, 103908087, 'rocky-9', 'Rocky Linux 9', 'rocky', '9', '2022-07-20', null],
  [76766510, 103908092, 'alma-9', 'AlmaLinux 9', 'alma', '9', '2022-07-20', null],
  [310557670, 310557671, 'opensuse-15', 'openSUSE Leap 15', 'opensuse', '15', '2022-11-01', null],
];

export const APPS = [
  // id x86, id arm, name, description, flavour, version, created, deprecated since
  [40093247, 105888141, 'docker-ce', 'docker-ce', 'ubuntu', '24.04', '2021-06-01', null],
  [40093250, null, 'wordpress', 'wordpress', 'ubuntu', '24.04', '2021-06-01', null],
];

export const LOAD_BALANCER_TYPES = [
  // id, name, connections, services, targets, certificates, monthly
  [1, 'lb11', 10000, 5, 25, 10, 53900],
  [2, 'lb21', 20000, 15, 75, 25, 166400],
  [3, 'lb31', 40000, 30, 150, 50, 331400],
];

// hint and truth differ now and then: `available` is what the list says, `orderable` what a create
// meets
export const FIRST_STOCK = [
  { server_type: 'ccx63', location: 'hil', available: false, orderable: false },
  { server_type: 'cax41', location: 'nbg1', available: false, orderable: false },
];
