package io.lb4j.discovery.internal;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A range of IP addresses in CIDR spelling, {@code 10.0.0.0/8} or {@code fd00::/8}; a single address is a range of one.
 * Never asks DNS, since the answer may be another one when the address is called.
 */
public final class AddressRange {
    private static final String OCTET = "(?:[01]?\\d{1,2}|2[0-4]\\d|25[0-5])";

    /** No octet above 255: what merely looks like an address is looked up as a name. */
    private static final Pattern IPV4 = Pattern.compile(OCTET + "(\\." + OCTET + "){3}");

    private final String spelling;
    private final byte[] network;
    private final int prefix;

    private AddressRange(String spelling, byte[] network, int prefix) {
        this.spelling = spelling;
        this.network = network;
        this.prefix = prefix;
    }

    public static AddressRange parse(String spelling) {
        int slash = spelling.indexOf('/');
        InetAddress address = literal(slash < 0 ? spelling : spelling.substring(0, slash));
        if (address == null) {
            throw bad(spelling, null);
        }
        int bits = address.getAddress().length * 8;
        int prefix;
        try {
            prefix = slash < 0 ? bits : Integer.parseInt(spelling.substring(slash + 1));
        } catch (NumberFormatException e) {
            throw bad(spelling, e);
        }
        if (prefix < 0 || prefix > bits) {
            throw bad(spelling, null);
        }
        return new AddressRange(spelling, address.getAddress(), prefix);
    }

    private static IllegalArgumentException bad(String spelling, @Nullable Throwable cause) {
        return new IllegalArgumentException(
                "address range: " + spelling + " (expected: an IP address and a prefix length, as in 10.0.0.0/8)",
                cause);
    }

    /** The address that {@code text} spells in digits, or null if it is a name. */
    public static @Nullable InetAddress literal(String text) {
        if (!isSpelledInDigits(text)) {
            return null;
        }
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException e) {
            return null;
        }
    }

    /** Whether the JDK reads it as an address, or refuses it, without asking DNS. */
    public static boolean isSpelledInDigits(String text) {
        // A zone (%eth0) means something on one machine only.
        return IPV4.matcher(text).matches() || (text.indexOf(':') >= 0 && text.indexOf('%') < 0);
    }

    public boolean contains(InetAddress address) {
        byte[] bytes = address.getAddress();
        if (bytes.length != network.length) {
            return false;
        }
        int whole = prefix / 8;
        for (int i = 0; i < whole; i++) {
            if (bytes[i] != network[i]) {
                return false;
            }
        }
        int mask = 0xff00 >> (prefix % 8) & 0xff;
        if (mask != 0 && (bytes[whole] & mask) != (network[whole] & mask)) {
            return false;
        }
        return true;
    }

    @Override
    public String toString() {
        return spelling;
    }
}
