package io.lb4j.okhttp;

import io.lb4j.health.Probe;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.StringJoiner;
import java.util.regex.Pattern;
import okhttp3.Call;
import okhttp3.MediaType;
import okhttp3.Response;
import okio.BufferedSource;
import org.jspecify.annotations.Nullable;

/**
 * What a healthy instance answers, and the words for what another one did.
 *
 * @param statuses the good ones; not changed after this was made
 * @param body what its body contains, or null if that doesn't matter
 * @param maxBody within how many bytes from its beginning
 */
record HttpExpectation(BitSet statuses, @Nullable Pattern body, int maxBody) {
    /** What is read of any body: a health page is short, and a longer one is cut off. */
    static final int MAX_READ = 64 * 1024;

    private static final int SHOWN = 100;

    /**
     * Reads the answer. A body that breaks off or stays away fails the check even if it doesn't matter what it says:
     * calls would get the like.
     *
     * @param asked the request, for people
     */
    Probe.Result judge(Call call, Response response, String asked) {
        String status = "status " + response.code() + " of " + asked;
        if (!statuses.get(response.code())) {
            return new Probe.Result(false, status + " (expected: " + ranges() + ")");
        }
        try {
            BufferedSource source = response.body().source();
            if (source.request(MAX_READ + 1L)) {
                call.cancel();
            }
            if (body != null) {
                long length = Math.min(maxBody, source.getBuffer().size());
                String text = source.readString(length, charset(response));
                if (!body.matcher(text).find()) {
                    return new Probe.Result(
                            false, "body of " + asked + ": '" + excerpt(text) + "' (expected: " + bodyRule() + ")");
                }
            }
            return new Probe.Result(true, status);
        } catch (InterruptedIOException e) {
            return new Probe.Result(false, status + ", but its body did not end in time");
        } catch (IOException e) {
            return new Probe.Result(false, status + ", but its body broke off: " + reason(e));
        }
    }

    /** An exception in a few words; not all have a message, and not all messages make sense without the class. */
    static String reason(Throwable e) {
        return e.getMessage() == null ? e.toString() : e.getClass().getSimpleName() + ": " + e.getMessage();
    }

    private static Charset charset(Response response) {
        MediaType type = response.body().contentType();
        Charset named = type == null ? null : type.charset();
        return named == null ? StandardCharsets.UTF_8 : named;
    }

    private static String excerpt(String text) {
        String shown = text.length() > SHOWN ? text.substring(0, SHOWN) + "..." : text;
        return shown.replaceAll("\\p{Cntrl}", " ");
    }

    private String bodyRule() {
        return "to match " + body + " within " + maxBody + " bytes";
    }

    private String ranges() {
        StringJoiner text = new StringJoiner(", ");
        for (int from = statuses.nextSetBit(0); from >= 0; ) {
            int end = statuses.nextClearBit(from);
            text.add(end == from + 1 ? String.valueOf(from) : from + "-" + (end - 1));
            from = statuses.nextSetBit(end);
        }
        return text.toString();
    }

    @Override
    public String toString() {
        return ranges() + (body == null ? "" : ", body " + bodyRule());
    }
}
