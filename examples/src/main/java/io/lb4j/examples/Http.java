package io.lb4j.examples;

import java.io.IOException;
import okhttp3.Call;
import okhttp3.Request;
import okhttp3.Response;

/** What every example does with a client; {@link QuickStart} shows it in full. */
final class Http {
    private Http() {}

    /** Gets the URL and returns the answer's body, whatever its status. */
    static String get(Call.Factory client, String url) throws IOException {
        return send(client, new Request.Builder().url(url).build());
    }

    /** Sends the request and returns the answer's body, whatever its status. */
    static String send(Call.Factory client, Request request) throws IOException {
        try (Response response = client.newCall(request).execute()) {
            return response.body().string();
        }
    }
}
