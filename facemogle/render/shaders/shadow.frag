#version 330
in vec2 uv;
uniform sampler2D image;
uniform float opaque_from;
void main() {
  if (opaque_from > 0. && texture(image, uv).a < opaque_from) discard;
}
