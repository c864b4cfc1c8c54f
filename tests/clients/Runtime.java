import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** Asks for a URL by both of Java's clients and prints the status codes. */
public class Runtime {
    public static void main(String[] arguments) throws Exception {
        URI url = URI.create(arguments[0]);
        HttpRequest request = HttpRequest.newBuilder(url).build();
        System.out.println(HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).statusCode());
        System.out.println(((HttpURLConnection) url.toURL().openConnection()).getResponseCode());
    }
}
