package io.lb4j.okhttp.rules;

/** Paths as routes compare them. */
final class Paths {
    private Paths() {}

    /** The path with unreserved characters not escaped, and what is escaped in upper case (RFC 3986 §6.2.2). */
    static String normal(String encodedPath) {
        int escape = encodedPath.indexOf('%');
        if (escape < 0) {
            return encodedPath;
        }
        StringBuilder normal = new StringBuilder(encodedPath.length());
        for (int i = 0; i < encodedPath.length(); i++) {
            char c = encodedPath.charAt(i);
            int high = c == '%' && i + 2 < encodedPath.length() ? Character.digit(encodedPath.charAt(i + 1), 16) : -1;
            int low = high < 0 ? -1 : Character.digit(encodedPath.charAt(i + 2), 16);
            if (low < 0) {
                normal.append(c);
                continue;
            }
            char decoded = (char) (high * 16 + low);
            if (isUnreserved(decoded)) {
                normal.append(decoded);
            } else {
                normal.append('%')
                        .append(Character.toUpperCase(encodedPath.charAt(i + 1)))
                        .append(Character.toUpperCase(encodedPath.charAt(i + 2)));
            }
            i += 2;
        }
        return normal.toString();
    }

    private static boolean isUnreserved(char c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '-'
                || c == '.'
                || c == '_'
                || c == '~';
    }

    /** Whether the path is the prefix or lies below it: {@code /video} has {@code /video/1} and not {@code /videos}. */
    static boolean isBelow(String path, String prefix) {
        return path.startsWith(prefix)
                && (path.length() == prefix.length() || prefix.endsWith("/") || path.charAt(prefix.length()) == '/');
    }

    /**
     * A path or a prefix that was given.
     *
     * @throws IllegalArgumentException if no URL can have it
     */
    static String checked(String what, String path) {
        if (!path.startsWith("/") || path.indexOf('?') >= 0 || path.indexOf('#') >= 0) {
            throw new IllegalArgumentException(
                    what + ": '" + path + "' (expected: a path that begins with /, without query and fragment)");
        }
        return normal(path);
    }
}
