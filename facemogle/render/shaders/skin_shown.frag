// The skin as it was shaded at half the resolution. At its edges, what lies beside was shaded.
uniform sampler2D image, image2;
layout(location = 0) out vec4 out_color;
layout(location = 1) out vec4 out_label;
const ivec2 BESIDE[8] = ivec2[](ivec2(1, 0), ivec2(-1, 0), ivec2(0, 1), ivec2(0, -1),
                                ivec2(1, 1), ivec2(-1, 1), ivec2(1, -1), ivec2(-1, -1));
void main() {
  ivec2 middle = ivec2(gl_FragCoord.xy) / 2, place = middle;
  out_color = texelFetch(image, place, 0);
  for (int n = 0; n < 8 && out_color.a < .5; n++) {
    place = middle + BESIDE[n];
    out_color = texelFetch(image, place, 0);
  }
  if (out_color.a < .5) discard;
  out_label = texelFetch(image2, place, 0);
}
