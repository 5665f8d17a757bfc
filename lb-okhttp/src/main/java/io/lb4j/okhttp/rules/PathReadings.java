package io.lb4j.okhttp.rules;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * All that servers and proxies may take a path for. One decodes {@code %2e} and then resolves {@code ..}, the next does it the other
 * way round, a third cuts off {@code ;v=1} or takes a backslash for a slash; and a proxy's reading is what the server behind it reads
 * once more. So the steps are applied in every order and any number of times, until nothing new comes of them. A plain path is its only reading.
 *
 * <p>The set is closed: the readings of a reading are among them.
 */
final class PathReadings {
    /** A path with more is nobody's honest path. */
    static final int MAX = 256;

    /** How long all readings may be together, which is the work that a path makes. */
    static final int MAX_LENGTH = 1 << 16;

    private static final List<UnaryOperator<String>> STEPS = List.of(
            path -> decoded(path, false, false),
            path -> decoded(path, true, false),
            path -> decoded(path, false, true),
            path -> path.replace('\\', '/'),
            PathReadings::withoutParameters,
            PathReadings::withMergedSlashes,
            PathReadings::withoutDotSegments,
            PathReadings::withoutTrailingDots,
            PathReadings::withoutStreams,
            PathReadings::cutShort,
            PathReadings::withoutControls,
            PathReadings::compatible);

    private static final Pattern STREAM = Pattern.compile(":[^/:]*:?\\$[^/]*");

    private PathReadings() {}

    /**
     * The readings of a path, itself first.
     *
     * @return null if there are too many to tell
     */
    static @Nullable Set<String> of(String path) {
        if (isPlain(path)) {
            return Set.of(path);
        }
        if (path.length() > MAX_LENGTH) {
            return null;
        }
        int length = path.length();
        Set<String> readings = new LinkedHashSet<>();
        Deque<String> toDo = new ArrayDeque<>();
        readings.add(path);
        toDo.add(path);
        while (!toDo.isEmpty()) {
            String next = toDo.remove();
            for (UnaryOperator<String> step : STEPS) {
                String reading = step.apply(next);
                if (!reading.equals(next) && readings.add(reading)) {
                    length += reading.length();
                    if (readings.size() > MAX || length > MAX_LENGTH) {
                        return null;
                    }
                    toDo.add(reading);
                }
            }
        }
        return readings;
    }

    /** How prefixes of what is denied are compared: some servers have files whose names ignore case. */
    static String folded(String path) {
        return path.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
    }

    /** No step changes such a path. */
    private static boolean isPlain(String path) {
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            boolean isLetter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            char next = i + 1 < path.length() ? path.charAt(i + 1) : 0;
            if (!isLetter
                    && "_-~,=@!$&'()*+".indexOf(c) < 0
                    && (c != '/' || next == '/')
                    && (c != '.' || next == '/' || next == 0)) {
                return false;
            }
        }
        return true;
    }

    /**
     * One pass over escapes: %41, and %u0041 of IIS. UTF-8 as lenient decoders take it, overlong forms included. Bytes that are none
     * are characters to some, and to others nothing.
     */
    private static String decoded(String path, boolean keepSlashes, boolean dropInvalid) {
        if (path.indexOf('%') < 0) {
            return path;
        }
        StringBuilder text = new StringBuilder(path.length());
        for (int i = 0; i < path.length(); ) {
            int unit = hex(path, i + 2, 4);
            if (path.charAt(i) != '%') {
                text.append(path.charAt(i++));
            } else if (unit >= 0 && (path.charAt(i + 1) | ' ') == 'u') {
                text.append((char) unit);
                i += 6;
            } else {
                i = decodedByte(path, i, keepSlashes, dropInvalid, text);
            }
        }
        return text.toString();
    }

    private static int decodedByte(String path, int at, boolean keepSlashes, boolean dropInvalid, StringBuilder text) {
        int first = escaped(path, at);
        if (first < 0 || (keepSlashes && (first == '/' || first == '\\'))) {
            text.append('%');
            return at + 1;
        }
        if (first >= 0x80 && first < 0xC0 && dropInvalid) {
            return at + 3;
        }
        int more = first < 0xC0 ? 0 : Math.min(Integer.numberOfLeadingZeros(~first << 24) - 1, 5);
        int point = more == 0 ? first : first & (0x3F >> more);
        int end = at + 3;
        for (int k = 0; k < more; k++, end += 3) {
            int next = escaped(path, end);
            if (next < 0 || (next & 0xC0) != 0x80) {
                if (!dropInvalid) {
                    text.append((char) first);
                }
                return at + 3;
            }
            point = point << 6 | (next & 0x3F);
        }
        if (Character.isValidCodePoint(point)) {
            text.appendCodePoint(point);
        }
        return end;
    }

    /** The byte that is escaped here, or -1. */
    private static int escaped(String path, int at) {
        return at < path.length() && path.charAt(at) == '%' ? hex(path, at + 1, 2) : -1;
    }

    private static int hex(String path, int at, int digits) {
        if (at + digits > path.length()) {
            return -1;
        }
        int value = 0;
        for (int i = at; i < at + digits; i++) {
            char c = path.charAt(i);
            int digit = c < 128 ? Character.digit(c, 16) : -1;
            if (digit < 0) {
                return -1;
            }
            value = value << 4 | digit;
        }
        return value;
    }

    /** Tomcat's and Jetty's path parameters: {@code /a;v=1/b}. */
    private static String withoutParameters(String path) {
        if (path.indexOf(';') < 0) {
            return path;
        }
        StringBuilder rest = new StringBuilder(path.length());
        boolean skips = false;
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            skips = c == ';' || (skips && c != '/');
            if (!skips) {
                rest.append(c);
            }
        }
        return rest.toString();
    }

    private static String withMergedSlashes(String path) {
        int twice = path.indexOf("//");
        if (twice < 0) {
            return path;
        }
        StringBuilder rest = new StringBuilder(path.length());
        for (int i = 0; i < path.length(); i++) {
            if (path.charAt(i) != '/' || i == 0 || path.charAt(i - 1) != '/') {
                rest.append(path.charAt(i));
            }
        }
        return rest.toString();
    }

    /** RFC 3986 §5.2.4; above the root is the root. */
    private static String withoutDotSegments(String path) {
        if (!path.contains("/.")) {
            return path;
        }
        Deque<String> kept = new ArrayDeque<>();
        String[] segments = path.split("/", -1);
        for (int i = 1; i < segments.length; i++) {
            boolean last = i == segments.length - 1;
            if (segments[i].equals("..")) {
                kept.pollLast();
            } else if (!segments[i].equals(".")) {
                kept.add(segments[i]);
                continue;
            }
            if (last) {
                kept.add("");
            }
        }
        return "/" + String.join("/", kept);
    }

    /** Windows drops dots and spaces at the end of a name. */
    private static String withoutTrailingDots(String path) {
        StringBuilder rest = new StringBuilder(path.length());
        for (String segment : path.split("/", -1)) {
            int end = segment.length();
            while (end > 0 && (segment.charAt(end - 1) == '.' || segment.charAt(end - 1) == ' ')) {
                end--;
            }
            boolean isDots = segment.equals(".") || segment.equals("..");
            rest.append('/').append(segment, 0, isDots ? segment.length() : end);
        }
        return rest.substring(1);
    }

    /** Windows' other names of a file: {@code /a::$DATA}, {@code /a:$I30:$INDEX_ALLOCATION}. */
    private static String withoutStreams(String path) {
        int colon = path.indexOf(':');
        if (colon < 0 || path.indexOf('$', colon) < 0) {
            return path;
        }
        return STREAM.matcher(path).replaceAll("");
    }

    /** What C takes for the end of a string, and what a second parser takes for the end of a path. */
    private static String cutShort(String path) {
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            if (c == 0 || c == '?' || c == '#') {
                return path.substring(0, i);
            }
        }
        return path;
    }

    /** Browsers' URL parsers, and Node's, drop tabs and line ends; file systems, characters that aren't seen. */
    private static String withoutControls(String path) {
        StringBuilder rest = new StringBuilder(path.length());
        path.chars()
                .filter(c -> c >= ' ' && c != 127 && (c < 127 || Character.getType(c) != Character.FORMAT))
                .forEach(c -> rest.append((char) c));
        return rest.toString();
    }

    /** Full-width slashes and letters, as Windows' best-fit mapping reads them; and bytes that were no UTF-8 by one character each. */
    private static String compatible(String path) {
        if (StandardCharsets.US_ASCII.newEncoder().canEncode(path)) {
            return path;
        }
        return Normalizer.normalize(path, Normalizer.Form.NFKC)
                .replace('\u2215', '/')
                .replace('\u2044', '/');
    }
}
