// Which samples of a card are hair: as many as its texture is opaque.
in vec2 uv;
uniform sampler2D image;
uniform float seed;
layout(location = 0) out vec4 out_color;
layout(location = 1) out vec4 out_label;
float hash(vec2 p) {
  vec3 q = fract(vec3(p.xyx) * .1031);
  q += dot(q, q.yzx + 33.33);
  return fract((q.x + q.y) * q.z);
}
void main() {
  float opaque = clamp((texture(image, uv).a - .12) * 1.9, 0., 1.);
  if (opaque < hash(gl_FragCoord.xy * 1.37 + seed * 17. + floor(uv * 61.)) * .94 + .05) discard;
  out_color = out_label = vec4(0.);
}
