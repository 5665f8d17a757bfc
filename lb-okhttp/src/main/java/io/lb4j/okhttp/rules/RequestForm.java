package io.lb4j.okhttp.rules;

import java.util.List;
import okhttp3.Headers;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * Whether a request is one, and the same to every server. OkHttp writes methods, names of headers and, if asked to, their values as they are: a line
 * end in one of them begins another header, or another request, that nothing here has looked at. So does a length without the body.
 */
final class RequestForm {
    private static final String SEPARATORS = "\"(),/:;<=>?@[\\]{}";

    private RequestForm() {}

    /** Why it is none, or null if it is. */
    static @Nullable String refusal(Request request) {
        if (!isToken(request.method())) {
            return "method: " + request.method().length() + " characters (expected: a token of RFC 9110)";
        }
        Headers headers = request.headers();
        for (int i = 0; i < headers.size(); i++) {
            if (!isToken(headers.name(i))) {
                return "header " + i + ": its name (expected: a token of RFC 9110)";
            }
            if (!isText(headers.value(i))) {
                return "header " + headers.name(i) + ": a control character in its value (expected: one line of text)";
            }
        }
        List<String> hosts = request.headers("Host");
        if (hosts.size() > 1) {
            return "header Host: " + hosts.size() + " of them (expected: one)";
        }
        // With a body OkHttp sets both, whatever there was.
        return request.body() == null ? framingRefusal(request) : null;
    }

    /** A server waits for a body that was announced, and takes the next request on the connection for it. */
    private static @Nullable String framingRefusal(Request request) {
        if (request.header("Transfer-Encoding") != null) {
            return "header Transfer-Encoding: without a body (expected: none)";
        }
        for (String each : request.headers("Content-Length")) {
            if (!each.equals("0")) {
                return "header Content-Length: without a body (expected: none, or 0)";
            }
        }
        return null;
    }

    static boolean isToken(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c <= ' ' || c >= 127 || SEPARATORS.indexOf(c) >= 0) {
                return false;
            }
        }
        return !text.isEmpty();
    }

    private static boolean isText(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if ((c < ' ' && c != '\t') || c == 127) {
                return false;
            }
        }
        return true;
    }
}
