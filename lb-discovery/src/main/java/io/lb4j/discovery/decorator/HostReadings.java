package io.lb4j.discovery.decorator;

import io.lb4j.discovery.internal.AddressRange;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which addresses a text may be read as, by whoever connects: the JDK, the operating system's resolver and OkHttp don't
 * agree. Never asks DNS.
 */
final class HostReadings {
    private static final Pattern NUMBER = Pattern.compile("0[xX][0-9a-fA-F]*|[0-9]+");

    private HostReadings() {}

    /** Every address that the host may be read as; empty if it is a name, null if it looks like an address and is none. */
    static @Nullable Set<InetAddress> of(String host) {
        // Full-width digits and the like become digits on the way to a resolver.
        String text = host.chars().allMatch(c -> c < 0x80) ? host : Normalizer.normalize(host, Normalizer.Form.NFKC);
        if (text.indexOf(':') >= 0) {
            int zone = text.indexOf('%');
            InetAddress address = AddressRange.literal(zone < 0 ? text : text.substring(0, zone));
            return address == null ? null : Set.of(address);
        }
        while (text.endsWith(".")) {
            text = text.substring(0, text.length() - 1);
        }
        String[] parts = text.split("\\.", -1);
        if (!NUMBER.matcher(parts[parts.length - 1]).matches()) {
            return Set.of();
        }
        if (parts.length > 4
                || !Arrays.stream(parts).allMatch(part -> NUMBER.matcher(part).matches())) {
            return null;
        }
        Set<InetAddress> readings = new LinkedHashSet<>();
        // A leading zero means octal to inet_aton and nothing to the JDK.
        for (boolean octal : new boolean[] {true, false}) {
            InetAddress address = ipv4(parts, octal);
            if (address != null) {
                readings.add(address);
            }
        }
        return readings.isEmpty() ? null : readings;
    }

    /** As inet_aton reads 1 to 4 numbers, the last of which fills what is left. */
    private static @Nullable InetAddress ipv4(String[] parts, boolean octal) {
        long address = 0;
        for (int i = 0; i < parts.length; i++) {
            boolean last = i == parts.length - 1;
            int bits = last ? 32 - 8 * i : 8;
            long value = number(parts[i], octal);
            if (value < 0 || value >= 1L << bits) {
                return null;
            }
            address |= value << (last ? 0 : 24 - 8 * i);
        }
        return inet((byte) (address >> 24), (byte) (address >> 16), (byte) (address >> 8), (byte) address);
    }

    private static long number(String text, boolean octal) {
        boolean hex = text.length() > 1 && (text.charAt(1) == 'x' || text.charAt(1) == 'X');
        String digits = hex ? text.substring(2) : text;
        int radix = hex ? 16 : octal && text.length() > 1 && text.startsWith("0") ? 8 : 10;
        try {
            return digits.isEmpty() ? 0 : Long.parseLong(digits, radix);
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    /**
     * The IPv4 addresses that a packet to this IPv6 address may end at: NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056), Teredo
     * (RFC 4380), ISATAP (RFC 5214), IPv4-compatible and -translated (RFC 4291, RFC 2765). The JDK itself makes IPv4
     * addresses of IPv4-mapped ones.
     */
    static List<InetAddress> embedded(InetAddress address) {
        byte[] b = address.getAddress();
        List<InetAddress> found = new ArrayList<>();
        if (b.length != 16) {
            return found;
        }
        boolean nat64 = startsWith(b, 0x00, 0x64, 0xff, 0x9b);
        boolean isatap = (b[8] & 0xfd) == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == (byte) 0xfe;
        boolean zeros = startsWith(b, 0, 0, 0, 0, 0, 0, 0, 0);
        // The unspecified and the loopback address are themselves, and no IPv4 address.
        boolean itself = b[12] == 0 && b[13] == 0 && b[14] == 0 && (b[15] == 0 || b[15] == 1);
        boolean compatible = zeros && startsWith(Arrays.copyOfRange(b, 8, 12), 0, 0, 0, 0) && !itself;
        boolean translated = zeros && b[8] == -1 && b[9] == -1 && b[10] == 0 && b[11] == 0;
        if (nat64 || isatap || compatible || translated) {
            found.add(inet(b[12], b[13], b[14], b[15]));
        }
        if (startsWith(b, 0x20, 0x02)) {
            found.add(inet(b[2], b[3], b[4], b[5]));
        }
        if (startsWith(b, 0x20, 0x01, 0, 0)) {
            found.add(inet(b[4], b[5], b[6], b[7]));
            found.add(inet((byte) ~b[12], (byte) ~b[13], (byte) ~b[14], (byte) ~b[15]));
        }
        return found;
    }

    private static boolean startsWith(byte[] bytes, int... prefix) {
        for (int i = 0; i < prefix.length; i++) {
            if (bytes[i] != (byte) prefix[i]) {
                return false;
            }
        }
        return true;
    }

    private static InetAddress inet(byte... address) {
        try {
            return InetAddress.getByAddress(address);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }
}
